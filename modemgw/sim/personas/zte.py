"""ZTE sticks."""

from modemgw.sim.personas.model import Persona

MF190 = Persona(
    name="zte-mf190",
    sentence="MF180, MF190, MF6xx: +ZUSIMR flood until AT+CPMS?, CNMI mode 2 refused",
    source=(
        "guide 11: ZTE MF180/MF190/MF195/MF6xx",
        "guide 3.4: gammu 209; MM and ofono on mode 2",
        "guide 1.1: MM on +ZUSIMR:2",
        "guide 2.3: ofono, +CDS: ,25",
        "guide 8.1: gammu 358, UCS2 hex with dcs 15",
        "guide 3.2: AT+ZPINPUK=?",
    ),
    manufacturer="ZTE INCORPORATED",
    model="MF190",
    revision="BD_P673A2V1.0.0B06",
    echo=True,
    refuses={"+CNMI=2": "+CMS ERROR: 303", "+CNMI=3": "+CMS ERROR: 303"},
    capacity={"SM": 50, "ME": 100, "SR": 100},
    default_memories=("ME", "ME", "ME"),
    iccid_commands=("+ZGETICCID",),
    iccid_format="+ZGETICCID: {iccid}",
    missing=frozenset({"+CCID", "+ICCID", "+CESQ", "+CEREG"}),
    report_header="+CDS: ,{length}",
    noise=("+ZUSIMR:2",),
    noise_interval_s=2.0,
    noise_off={"+CPMS?": ""},
    accepts=frozenset({"+ZOPRT", "+ZCDRUN", "+ZSNT", "+ZSEC"}),
    says={"+ZPINPUK=?": ("+ZPINPUK: {pin},{puk},3,10",)},
    boot_urcs=('+ZDONR: "Sim Mobile",999,1,"CS_PS","ROAM_OFF"', '+ZPASR:"UMTS"'),
    reset_commands=("+ZRST",),
    restart_s=15.0,
    vanishes=True,
    ports=2,
    ussd_asked=frozenset({"text", "ucs2"}),
    ussd_coding="ucs2",
    ussd_dcs=15,
)

PERSONAS = (MF190,)
