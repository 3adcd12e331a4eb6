# ruff: noqa: E501, RUF001 - a table in many languages
"""Who opts out, who opts in, and who only writes a text that has such a word."""

from itertools import chain

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modemgw.policy import optout_words as table
from modemgw.policy.optout import LANGUAGES, Intent, Reader
from modemgw.policy.phrases import MAX_KEYWORD, fold, keyword, words_of

READER = Reader()
STOP, START, HELP = Intent.STOP, Intent.START, Intent.HELP

# As phones really send them: case, accents, quotes, courtesy, signatures.
STOPS = [
    *("STOP", "stop", "Stop", "sToP", " STOP ", "STOP.", "Stop!", "STOP!!!", "stop..."),
    *("'STOP'", '"stop"', "“STOP”", "«STOP»", "(stop)", "*STOP*", "STOP\n", "\tstop\r\n"),
    *("S T O P", "S.T.O.P.", "stop stop", "STOP STOP STOP", "STOP 🛑", "🛑STOP", "ʼSTOPʼ"),
    *("STOP ALL", "stopall", "Stop all!", "please stop", "Stop please", "STOP, thanks"),
    *("Please STOP. Thank you", "unsubscribe", "Unsubscribe me", "UNSUB", "opt out"),
    *("Opt-Out", "OPTOUT", "cancel", "END", "Quit", "revoke", "remove me", "no more sms"),
    *("don't text me", "Don’t text me", "do not text me", "Stop texting me."),
    *("stop sending me messages", "STOP SMS", "Stop it\b"[:4], "ｓｔｏｐ"),
    *("Stopp", "STOPP!", "abmelden", "Bitte abmelden", "ABMELDEN BITTE", "Abbestellen"),
    *("Keine Werbung mehr", "keine SMS mehr bitte", "Austragen", "Widerruf", "Ende"),
    *("Stopp alle", "stop alle", "ich melde mich ab", "arrêt", "ARRET", "Arrêtez"),
    *("arrêter svp", "Désabonner", "DESABONNEMENT", "désinscription", "plus de SMS"),
    *("stop s'il vous plaît", "Stop merci", "me désabonner", "STOP SMS", "BAJA", "baja"),
    *("Dar de baja", "darme de baja por favor", "ALTO", "cancelar", "Cancela", "anular"),
    *("No más SMS", "no mas mensajes gracias", "quiero darme de baja", "BASTA", "Basta!"),
    *("basta sms", "cancellami", "Disiscrivi", "annulla", "niente più SMS", "rimuovimi"),
    *("stop grazie", "per favore basta", "afmelden", "Uitschrijven", "geen sms meer"),
    *("stoppen aub", "Stop dank u", "schrijf me uit", "KONIEC", "wypisz mnie", "Wypisz"),
    *("Rezygnuję", "rezygnuje", "anuluj", "usuń mnie", "proszę wypisz mnie", "SAIR"),
    *("sair", "Parar", "cancelar obrigado", "descadastrar", "não quero mais mensagens"),
    *("İPTAL", "iptal", "IPTAL", "ıptal", "RET", "durdur", "Abonelikten çık", "dur lütfen"),
    *("ODHLÁSIT", "odhlasit", "zrušit", "konec", "už neposílejte", "prosím odhlásit"),
    *("odhlásiť", "AFMELD", "afmeld tak", "frameld", "ingen flere SMS", "Sluta"),
    *("avanmäl", "AVANMAL", "inga fler sms tack", "avregistrera", "AVSLUTT", "meld av"),
    *("meld meg av", "Lopeta", "SEIS", "peruuta", "lopeta kiitos", "ei enää viestejä"),
    *("Leiratkozás", "leiratkozas", "ÁLLJ", "leiratkozom", "nem kérek több SMS-t"),
    *("Dezabonare", "OPREȘTE", "opreste", "mă dezabonez", "renunț", "va rog dezabonare"),
    *("ΣΤΟΠ", "στοπ", "ΣTOΠ", "ΔIAΓPAΦH", "Διαγραφή", "ΔΙΑΓΡΑΦΗ", "διακοπή παρακαλώ"),
    *("СТОП", "стоп!", "Стоп", "отписаться", "ОТПИСКА", "Отпишите меня", "хватит"),
    *("не присылайте", "отказ пожалуйста", "Відписка", "ВІДПИСАТИСЯ", "стоп дякую"),
    *("відмова", "не надсилайте", "припиніть", "отпиши", "ODJAVA", "odjavi me"),
    *("توقف", "إلغاء", "الغاء", "إيقاف", "ايقاف", "إلغاء الاشتراك", "من فضلك توقف"),
    *("הסר", "退订", "STOP\n--\nJohn Smith", "STOP\n\nJohn Smith", "STOP\n-- \nACME Ltd 5"),
    *("Stop\nSent from my iPhone", "STOP\n\nSent from Outlook for Android"),
    *("Abmelden\nVon meinem iPhone gesendet", "stop\r\n\r\nMaria\r\n", "ARRET\n—\nLuc"),
]  # fmt: skip

ALL = ["STOP ALL", "stopall", "Stop alle", "STOPP ALLE", "stop todo", "стоп всё", "Stop tout",
       "stop tutto", "stop alles", "στοπ όλα", "Unsubscribe all", "stop kaikki"]  # fmt: skip

STARTS = [
    *("START", "start", "Start!", "unstop", "UNSTOP", "subscribe", "opt in", "Opt-In"),
    *("please start", "START ALL", "anmelden", "Bitte anmelden", "reprendre", "ALTA"),
    *("reanudar", "riprendi", "iscrivimi", "aanmelden", "wznów", "WZNOW", "retomar"),
    *("başlat", "BASLAT", "přihlásit", "tilmeld", "starta", "meld på", "aloita"),
    *("feliratkozás", "abonare", "έναρξη", "ENAPΞH", "старт", "подписаться", "старт"),
    *("підписатися", "ابدأ", "اشتراك", "START\n--\nJohn"),
]  # fmt: skip

HELPS = [
    *("HELP", "help?", "Help me!", "INFO", "info please", "Hilfe", "aide svp", "ayuda"),
    *("AIUTO", "hulp", "pomoc", "ajuda", "YARDIM", "nápověda", "hjælp", "hjälp", "hjelp"),
    *("apua", "segítség", "ajutor", "βοήθεια", "помощь", "допомога", "مساعدة"),
]  # fmt: skip

ORDINARY = [
    *("", " ", "?", "👍", "ok", "Yes", "No", "ja", "nein", "oui", "si", "да", "нет"),
    *("Please stop by at 5", "Stop by at 5 please", "stop by", "Don't stop", "non stop"),
    *("Stop the car", "Stop 5", "bus stop", "Where is the bus stop?", "I'll stop soon"),
    *("Next stop: Berlin", "Can you stop it?", "We stop at 6", "STOP means what?"),
    *("Reply STOP to end", "Liked “STOP to opt out”", "How do I stop?", "full stop today"),
    *("stopover in Rome", "stopping", "unstoppable", "end of the month", "The end is near"),
    *("Cancel my appointment on Friday", "cancel the order 991", "please cancel my order"),
    *("The end", "weekend", "quit smoking", "I quit my job", "remove the sofa please"),
    *("Ich komme am Ende der Woche", "Bitte melden", "Abmelden geht nicht", "Stopp am Amt"),
    *("Kündigen Sie bitte meinen Vertrag", "am Ende", "Ende März", "Anmelden wo?"),
    *("arrêt de bus", "Je m'arrête à 5h", "fin de semaine", "à la fin", "C'est la fin ?"),
    *("baja el volumen", "La baja médica llega", "alto ahí", "Soy alto", "hasta mañana"),
    *("basta pasta", "Mi basta così per oggi", "abbastanza", "Fermata del bus", "salve"),
    *("Ik stop om vijf uur", "einde van de dag", "koniec pracy o 17", "na koniec dnia"),
    *("vou sair agora", "chega às 5", "pare o carro", "cancelar a consulta de amanhã"),
    *("durdurma", "ret edildi mi", "iptal oldu mu randevu", "bir dur bakalım"),
    *("Konec týdne", "jsem na konci", "slut klokken 5", "Är det slut?", "på slutet"),
    *("Peru", "red", "Red", "esto", "lopetan työt viideltä", "állj meg a sarkon"),
    *("Стоп, а где встреча?", "не стоп", "отмена встречи завтра", "стоп-кран"),
    *("скасувати зустріч", "το τέλος της μέρας", "στοπ στη γωνία", "توقف السيارة هنا"),
    *("Stop\nthe car", "Stop\n\nthe car", "Stop\n\nI mean it", "STOP\n\nCall me at 5"),
    *("Stop\n\nJohn called at 5", "Hello\n\nSTOP", "I am John\n--\nSTOP"),
    *("Sent from my iPhone", "start at 9", "Let's start", "Start the engine", "restarted"),
    *("Can you help me with the bill?", "I need help", "info about prices", "thanks"),
    *("please", "please please", "thank you", "merci", "danke", "спасибо", "x" * 500),
    *("stop " * 200, "STOP" + " " * 300 + "by", "1", "0", "+49 151 12345678", "HOURS"),
    *("stop and go", "non-stop", "stop-loss at 5", "STOP2", "stop@example.org", "#stop me"),
]  # fmt: skip


@pytest.mark.parametrize("text", STOPS, ids=repr)
def test_an_opt_out(text: str) -> None:
    found = READER.read(text)
    assert found is not None
    assert found.intent is STOP


@pytest.mark.parametrize("text", ALL, ids=repr)
def test_an_opt_out_of_everything(text: str) -> None:
    found = READER.read(text)
    assert found is not None
    assert (found.intent, found.all_numbers) == (STOP, True)


@pytest.mark.parametrize("text", STARTS, ids=repr)
def test_an_opt_in(text: str) -> None:
    found = READER.read(text)
    assert found is not None
    assert found.intent is START


@pytest.mark.parametrize("text", HELPS, ids=repr)
def test_a_call_for_help(text: str) -> None:
    found = READER.read(text)
    assert found is not None
    assert found.intent is HELP


@pytest.mark.parametrize("text", ORDINARY, ids=lambda text: repr(text)[:40])
def test_a_text_like_any_other(text: str) -> None:
    assert READER.read(text) is None


def test_there_are_enough_cases() -> None:
    assert len({*STOPS, *ALL, *STARTS, *HELPS}) >= 200
    assert len(set(ORDINARY)) >= 130


WANTED = (
    *("en", "de", "fr", "es", "it", "nl", "pl", "pt", "tr", "cs", "da", "sv", "no"),
    *("fi", "hu", "ro", "el", "ru", "uk", "ar"),
)


@pytest.mark.parametrize("language", WANTED)
def test_the_languages_of_our_users(language: str) -> None:
    reader = Reader([language])
    for phrases, intent in (
        (table.STOP, STOP),
        (table.START, START),
        (table.HELP, HELP),
    ):
        for phrase in phrases[language]:
            found = reader.read(phrase.upper())
            assert found is not None, phrase
            assert found.intent is intent, phrase
    for phrase in table.STOP_ALL[language]:
        found = reader.read(phrase)
        assert found is not None, phrase
        assert found.all_numbers, phrase


def test_a_language_that_is_left_out_says_nothing() -> None:
    assert Reader(["de"]).read("arrêt") is None
    assert Reader(["fr"]).read("arrêt") is not None


def test_no_phrase_says_two_things() -> None:
    """Where one language's STOP is another one's START, nobody could be sure."""
    stops, starts, helps = (
        {fold(phrase) for phrase in chain.from_iterable(phrases.values())}
        for phrases in (table.STOP, table.START, table.HELP)
    )
    assert not stops & starts
    assert not stops & helps
    assert not starts & helps


def test_an_operator_adds_words() -> None:
    reader = Reader(stop=["Schluss jetzt"], start=["Weiter"])
    assert reader.read("schluss JETZT!") is not None
    found = reader.read("weiter")
    assert found is not None
    assert found.intent is START


def test_words_of_one_own_win() -> None:
    found = Reader(stop=["info"]).read("INFO")
    assert found is not None
    assert found.intent is STOP


COURTESY = st.sampled_from([fold(word) for word in table.COURTESY])
PHRASES = sorted({fold(p) for p in chain.from_iterable(table.STOP.values())})


@given(st.sampled_from(PHRASES), st.sampled_from(["", "!", ".", '"', " …", "\n"]))
def test_punctuation_changes_nothing(phrase: str, mark: str) -> None:
    plain, marked = READER.read(phrase), READER.read(f"{mark}{phrase.title()}{mark}")
    assert plain is not None
    assert marked is not None
    assert plain.intent is marked.intent is STOP


@example("nem kerem", ["please"])  # its own end is courtesy, too
@given(st.sampled_from(PHRASES), st.lists(COURTESY, max_size=2))
def test_courtesy_changes_nothing(phrase: str, polite: list[str]) -> None:
    found = READER.read(" ".join([phrase, *polite]))
    assert found is not None
    assert found.intent is STOP


@given(
    st.sampled_from(PHRASES),
    st.from_regex(r"[a-z]{1,8}[0-9]{1,3}", fullmatch=True),
    st.booleans(),
)
def test_one_more_word_makes_it_an_ordinary_text(
    phrase: str, word: str, before: bool
) -> None:
    text = f"{word} {phrase}" if before else f"{phrase} {word}"
    assert READER.read(text) is None


@given(st.text(max_size=600))
def test_nothing_breaks_it(text: str) -> None:
    READER.read(text)
    word = keyword(text)
    assert word is None or (0 < len(word) <= MAX_KEYWORD and not word.isspace())
    assert all(words_of(text))


@example("0:X:µ")  # one word of two scripts, once it is joined
@example("0:ʼ:0")  # an apostrophe by itself, which Unicode calls a letter
@given(st.text(max_size=200))
def test_folding_twice_is_folding_once(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded or len(folded.split()) > 2


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("HOURS", "HOURS"),
        ("hours?", "HOURS"),
        ("  Hours please", "HOURS"),
        ("Öffnungszeiten", "OFFNUNGSZEITEN"),
        ("Straße 5", "STRASSE"),
        ("¿Horario?", "HORARIO"),
        ("don't", "DONT"),
        ("order-991", "ORDER"),
        ("991", "991"),
        ("привет, как дела", "ПРИВЕТ"),
        ("İstanbul", "ISTANBUL"),
        ("👍👍", None),
        ("", None),
        (None, None),
        ("x" * 100, "X" * MAX_KEYWORD),
    ],
)
def test_the_keyword(text: str | None, word: str | None) -> None:
    assert keyword(text) == word


def test_every_language_has_its_words() -> None:
    assert set(WANTED) <= set(LANGUAGES)
