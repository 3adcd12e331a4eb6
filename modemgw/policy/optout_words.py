# ruff: noqa: RUF001 - many languages
"""What people write to get no more messages, to get them again, and to ask for help.

By language, spelled as they are written; optout.py folds case and accents. A phrase
counts only where it is the whole text. Words that answer an ordinary question
("yes", "no", "red") are not among them, nor are names ("Peru").
"""

Phrases = dict[str, tuple[str, ...]]

STOP: Phrases = {
    "en": (
        *("stop", "stopp", "unsubscribe", "unsub", "unsubscribe me", "end", "quit"),
        *("cancel", "opt out", "optout", "opt-out", "revoke", "remove", "remove me"),
        *("stop sms", "stop text", "stop texts", "stop texting", "stop texting me"),
        *("stop messaging me", "stop messages", "stop sending", "stop marketing"),
        *("stop sending me messages", "stop sending me texts", "stop sending texts"),
        *("stop sending messages", "stop promotions", "stop ads", "no more texts"),
        *("no more messages", "no more sms", "do not text me", "don't text me"),
        *("do not text", "don't text", "take me off", "take me off your list"),
        *("remove me from your list", "text stop", "sms stop", "end sms"),
    ),
    "de": (
        *("stop", "stopp", "abmelden", "abmeldung", "abbestellen", "austragen"),
        *("beenden", "ende", "widerruf", "widerrufe", "widerrufen", "sms stop"),
        *("sms stopp", "stopp sms", "keine sms", "keine sms mehr", "keine werbung"),
        *("keine nachrichten mehr", "keine werbung mehr", "melde mich ab"),
        *("ich melde mich ab", "melden sie mich ab", "ich widerrufe"),
    ),
    "fr": (
        *("stop", "arrêt", "arrêter", "arrêtez", "arrête", "arrêt sms", "stop sms"),
        *("désabonner", "désabonnement", "désabonnez-moi", "me désabonner"),
        *("se désabonner", "désinscrire", "désinscription", "désinscrivez-moi"),
        *("me désinscrire", "plus de sms", "plus de pub", "stop pub", "fin"),
        *("ne plus recevoir", "ne plus recevoir de sms", "résilier"),
    ),
    "es": (
        *("stop", "alto", "baja", "baja sms", "parar", "cancelar", "cancela"),
        *("anular", "detener", "dar de baja", "darme de baja", "darse de baja"),
        *("dame de baja", "quiero darme de baja", "no más sms", "no más mensajes"),
        *("no más", "desuscribir", "desuscribirme", "cancelar suscripción"),
        *("cancelar sms", "no enviar más", "no envíen más", "fin"),
    ),
    "it": (
        *("stop", "basta", "basta sms", "stop sms", "ferma", "fermare", "annulla"),
        *("cancella", "cancellami", "cancellazione", "disiscrivi", "disiscrivimi"),
        *("disiscrizione", "rimuovi", "rimuovimi", "niente più sms", "niente sms"),
        *("basta messaggi", "stop pubblicità", "basta pubblicità", "no pubblicità"),
        *("revoca", "disdici"),
    ),
    "nl": (
        *("stop", "stoppen", "afmelden", "afmelding", "uitschrijven", "stop sms"),
        *("geen sms meer", "geen berichten meer", "geen reclame", "einde"),
        *("schrijf me uit", "meld me af", "geen reclame meer"),
    ),
    "pl": (
        *("stop", "koniec", "wypisz", "wypisz mnie", "rezygnuję", "rezygnacja"),
        *("anuluj", "zatrzymaj", "wyrejestruj", "usuń mnie", "bez reklam"),
        *("nie chcę sms", "nie chcę smsów", "nie chcę więcej wiadomości"),
        *("stop sms", "wycofuję zgodę", "cofam zgodę"),
    ),
    "pt": (
        *("stop", "parar", "pare", "sair", "cancelar", "cancela", "remover"),
        *("remover-me", "descadastrar", "desinscrever", "chega", "anular"),
        *(
            "cancelar subscrição",
            "anular subscrição",
            "não enviar mais",
            "cancelar sms",
        ),
        *("não quero mais mensagens", "não quero receber mais", "parar sms"),
    ),
    "tr": (
        *("stop", "dur", "durdur", "iptal", "iptal et", "ret", "ret sms"),
        *("abonelikten çık", "çıkış", "sms istemiyorum", "mesaj istemiyorum"),
        *("mesaj göndermeyin", "sms göndermeyin"),
    ),
    "cs": (
        *("stop", "zrušit", "odhlásit", "odhlásit se", "odhlaste mě", "konec"),
        *("ukončit", "zastavit", "nechci sms", "už neposílejte", "žádné sms"),
        *("stop sms", "nechci reklamu", "zrušit sms"),
    ),
    "sk": ("stop", "zrušiť", "odhlásiť", "odhlásiť sa", "koniec", "ukončiť"),
    "da": (
        *("stop", "afmeld", "afmelding", "afmeld sms", "frameld", "stop sms"),
        *("slut", "ingen sms", "ingen flere sms", "ingen reklamer", "afmeld mig"),
    ),
    "sv": (
        *("stopp", "stop", "sluta", "avsluta", "avanmäl", "avregistrera", "avbryt"),
        *("inga fler sms", "stoppa", "stoppa sms", "slut", "avanmäl mig"),
    ),
    "no": (
        *("stopp", "stop", "avslutt", "avmeld", "meld av", "meld meg av", "stans"),
        *("ingen flere sms", "ingen reklame", "stopp sms"),
    ),
    "fi": (
        *("stop", "seis", "lopeta", "lopettakaa", "peruuta", "kielto", "eroa"),
        *("ei enää viestejä", "ei mainoksia", "peruuta tilaus"),
    ),
    "hu": (
        *("stop", "állj", "leiratkozás", "leiratkozom", "leiratkozok", "leállít"),
        *("lemond", "lemondás", "nem kérek több sms-t", "nem kérem", "vége"),
        *("nem kérek reklámot",),
    ),
    "ro": (
        *("stop", "oprește", "opriți", "dezabonare", "dezabonez", "mă dezabonez"),
        *("dezabonează-mă", "anulare", "renunț", "nu mai vreau sms"),
        *("nu mai vreau mesaje", "nu mai trimiteți"),
    ),
    "el": (
        *("στοπ", "stop", "διαγραφή", "διακοπή", "τέλος", "απεγγραφή", "ακύρωση"),
        *("σταματήστε", "σταμάτα", "όχι άλλα sms", "όχι άλλα μηνύματα"),
    ),
    "ru": (
        *("стоп", "stop", "отписка", "отписаться", "отпишите", "отпишите меня"),
        *("отмена", "отказ", "прекратить", "прекратите", "хватит", "стоп смс"),
        *("не присылайте", "не присылайте смс", "не писать", "больше не присылайте"),
    ),
    "uk": (
        *("стоп", "stop", "відписка", "відписатися", "відпишіть", "відпишіть мене"),
        *("відмова", "скасувати", "припинити", "припиніть", "досить"),
        *("не надсилайте", "не пишіть", "стоп смс"),
    ),
    "bg": ("стоп", "отписване", "отпиши", "спри", "спрете"),
    "hr": ("stop", "odjava", "odjavi", "prekini", "odjavi me", "prekid"),
    "ar": (
        *("توقف", "قف", "إيقاف", "إلغاء", "إلغاء الاشتراك", "ستوب", "وقف", "أوقف"),
        *("لا ترسل", "لا ترسلوا", "الغ الاشتراك"),
    ),
    "he": ("הסר", "הסר אותי", "עצור", "הסרה"),
    "zh": ("退订", "退訂", "取消订阅"),
}

# The same, said of every number we have; STOP at one of them may mean that one only.
STOP_ALL: Phrases = {
    "en": ("stop all", "stopall", "stop everything", "unsubscribe all", "opt out all"),
    "de": ("stop alle", "stopp alle", "stop alles", "stopp alles", "alles abmelden"),
    "fr": ("stop tout", "stop tous", "arrêt tout", "tout arrêter"),
    "es": ("stop todo", "stop todos", "baja todo", "cancelar todo", "baja total"),
    "it": ("stop tutto", "stop tutti", "basta tutto", "cancella tutto"),
    "nl": ("stop alles", "alles stoppen", "alles afmelden"),
    "pl": ("stop wszystko", "anuluj wszystko", "wypisz ze wszystkiego"),
    "pt": ("stop tudo", "parar tudo", "cancelar tudo"),
    "tr": ("hepsini durdur", "hepsini iptal et", "tümünü iptal et"),
    "cs": ("stop vše", "zrušit vše", "odhlásit vše"),
    "da": ("stop alt", "stop alle", "afmeld alt"),
    "sv": ("stopp allt", "stoppa allt", "avanmäl allt"),
    "no": ("stopp alt", "stopp alle", "meld av alt"),
    "fi": ("stop kaikki", "lopeta kaikki"),
    "hu": ("stop mind", "mindent leállít"),
    "ro": ("stop toate", "stop tot"),
    "el": ("στοπ όλα", "διαγραφή όλων"),
    "ru": ("стоп все", "стоп всё", "отписаться от всего"),
    "uk": ("стоп все", "стоп всі", "відписатися від усього"),
    "ar": ("إيقاف الكل", "إلغاء الكل"),
}

START: Phrases = {
    "en": (
        *("start", "unstop", "resubscribe", "subscribe", "opt in", "optin", "opt-in"),
        *("start all", "startall", "start sms", "start again", "restart"),
    ),
    "de": ("start", "anmelden", "wieder anmelden", "start sms", "weiter sms"),
    "fr": ("start", "reprendre", "reprise", "réabonner", "s'abonner", "démarrer"),
    "es": ("start", "alta", "alta sms", "reanudar", "iniciar", "suscribir"),
    "it": ("start", "riprendi", "riprendere", "iscrivi", "iscrivimi", "inizia"),
    "nl": ("start", "aanmelden", "hervat", "hervatten", "begin"),
    "pl": ("start", "wznów", "zapisz mnie", "wznowienie"),
    "pt": ("start", "iniciar", "retomar", "voltar", "começar", "recomeçar"),
    "tr": ("start", "başla", "başlat", "onay"),
    "cs": ("start", "přihlásit", "přihlásit se", "obnovit"),
    "sk": ("start", "štart", "prihlásiť", "obnoviť"),
    "da": ("start", "tilmeld", "begynd"),
    "sv": ("start", "starta", "börja", "återuppta"),
    "no": ("start", "meld på", "begynn", "gjenoppta"),
    "fi": ("start", "aloita", "jatka"),
    "hu": ("start", "feliratkozás", "feliratkozom", "indítás"),
    "ro": ("start", "abonare", "abonează-mă", "reabonare"),
    "el": ("start", "έναρξη", "εγγραφή", "σταρτ"),
    "ru": ("старт", "start", "подписка", "подписаться", "возобновить"),
    "uk": ("старт", "start", "підписка", "підписатися", "відновити"),
    "bg": ("старт", "абонирай"),
    "hr": ("start", "prijava", "prijavi me"),
    "ar": ("ابدأ", "بدء", "اشتراك", "ستارت"),
    "he": ("הצטרף", "התחל"),
    "zh": ("订阅", "訂閱"),
}

HELP: Phrases = {
    "en": ("help", "info", "help me", "information"),
    "de": ("hilfe", "info", "infos"),
    "fr": ("aide", "info", "infos", "help"),
    "es": ("ayuda", "info", "información", "socorro"),
    "it": ("aiuto", "info", "informazioni"),
    "nl": ("hulp", "help", "info"),
    "pl": ("pomoc", "info"),
    "pt": ("ajuda", "info", "informação"),
    "tr": ("yardım", "bilgi"),
    "cs": ("pomoc", "nápověda", "info"),
    "sk": ("pomoc", "pomocník"),
    "da": ("hjælp", "info"),
    "sv": ("hjälp", "info"),
    "no": ("hjelp", "info"),
    "fi": ("apua", "ohje", "apu", "info"),
    "hu": ("segítség", "súgó", "info"),
    "ro": ("ajutor", "info"),
    "el": ("βοήθεια", "πληροφορίες"),
    "ru": ("помощь", "справка", "инфо"),
    "uk": ("допомога", "довідка", "інфо"),
    "bg": ("помощ",),
    "hr": ("pomoć", "info"),
    "ar": ("مساعدة", "معلومات"),
    "he": ("עזרה",),
    "zh": ("帮助", "幫助"),
}

# May stand before or behind such a phrase and change nothing.
COURTESY = (
    *("please", "pls", "plz", "thanks", "thank you", "thx", "ty", "bitte", "danke"),
    *("vielen dank", "svp", "stp", "s'il vous plaît", "s'il te plaît", "merci"),
    *("por favor", "gracias", "per favore", "per cortesia", "grazie", "prego"),
    *("alstublieft", "aub", "a.u.b.", "dank u", "bedankt", "proszę", "dziękuję"),
    *("obrigado", "obrigada", "lütfen", "teşekkürler", "prosím", "děkuji", "ďakujem"),
    *("tak", "venligst", "tack", "snälla", "vennligst", "takk", "kiitos", "kérem"),
    *("köszönöm", "vă rog", "mulțumesc", "παρακαλώ", "ευχαριστώ", "пожалуйста"),
    *("спасибо", "будь ласка", "дякую", "molim", "hvala", "من فضلك", "شكرا", "תודה"),
)

# A line that begins so, and what follows it, is a signature and not the message.
SIGNATURES = (
    *("sent from", "sent via", "get outlook", "sent with", "gesendet von"),
    *("von meinem iphone gesendet", "von unterwegs gesendet", "gesendet mit"),
    *("envoyé de", "envoyé depuis", "enviado desde", "enviado do", "enviado de"),
    *("inviato da", "verzonden vanaf", "verzonden met", "verstuurd vanaf"),
    *("wysłane z", "wysłano z", "odesláno z", "sendt fra", "skickat från"),
    *("lähetetty", "küldve", "trimis de pe", "στάλθηκε από", "отправлено с"),
    *("надіслано з", "iphone'umdan gönderildi", "مرسل من"),
)
