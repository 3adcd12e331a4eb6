"""Sierra Wireless, and Wavecom, which it bought."""

from modemgw.sim.personas.model import Persona

MC7455 = Persona(
    name="sierra-mc7455",
    sentence="MC74xx, EM74xx: AT!ICCID?, +PACSP lines",
    source=(
        "guide 11: Sierra MC7304/MC7455/EM7455",
        "guide 3.6: u-blox, Sierra",
        "guide 3.2: AT+CPINC?",
    ),
    manufacturer="Sierra Wireless, Incorporated",
    model="MC7455",
    revision="SWI9X30C_02.33.03.00",
    echo=True,
    iccid_commands=("!ICCID", "+CCID"),
    iccid_format="{name}: {iccid}",
    memories=(("SM", "ME", "SR"), ("SM", "ME"), ("SM", "ME")),
    missing=frozenset({"+ICCID"}),
    noise=("+PACSP0", "!PCSTATE: 1"),
    noise_interval_s=60.0,
    accepts=frozenset({"!ENTERCND", "!PCOFFEN", "!SELRAT", "!PCINFO"}),
    says={"+CPINC?": ("+CPINC: {pin},3,{puk},10",)},
    reset_commands=("!RESET",),
    restart_s=15.0,
    vanishes=True,
)

Q24 = Persona(
    name="wavecom-q24",
    sentence="Q24, Q2303, Fastrack: only two memories to set, +WIND until AT+WIND=0",
    source=(
        "guide 11: Wavecom Q2303/Q24/Fastrack pools",
        "guide 6.2: Wavecom Q2, ofono",
        "guide 3.4: Wavecom",
        "guide 8.2, 2.7: UART",
    ),
    manufacturer="WAVECOM MODEM",
    model="MULTIBAND  900E  1800",
    revision="657d09gg.Q2403A",
    information=("{manufacturer}", "{model}"),
    cnmi=((0, 1, 2), (0, 1, 2, 3), (0, 2, 3), (0, 1, 2), (0, 1)),
    memories=(("SM", "BM", "SR"), ("SM",), ("SM",)),
    cpms_arguments=frozenset({1, 2}),
    capacity={"SM": 20, "BM": 20, "SR": 30},
    iccid_commands=("+CCID",),
    iccid_format='+CCID: "{iccid}"',
    missing=frozenset({"+ICCID", "+CESQ", "+CEREG"}),
    noise=("+WIND: 4", "+WIND: 7"),
    noise_interval_s=30.0,
    noise_off={"+WIND=0": ""},
    accepts=frozenset({"+WIND"}),
    says={
        "+WIND?": ("+WIND: 255",),
        "+CPMS=?": ('+CPMS: (("SM","BM","SR"),("SM"))',),
    },
    boot_urcs=("+WIND: 3", "+WIND: 4"),
    reset_commands=("+CPOF",),
    restart_s=5.0,
)

PERSONAS = (MC7455, Q24)
