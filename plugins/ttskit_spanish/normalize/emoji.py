"""Emoji: reported, named or dropped, by option."""

from __future__ import annotations

import re
from functools import cache

from ttskit_spanish.normalize.context import Context
from ttskit_spanish.normalize.settle import add
from ttskit_spanish.pattern import Pattern

_BASE = "[\U0001f000-\U0001faff\u2600-\u27bf\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u23e9-\u23f3\u231a\u231b]"
_EMOJI = Pattern(
    r"[\U0001f1e6-\U0001f1ff]{2}"
    rf"|{_BASE}[\ufe0f\U0001f3fb-\U0001f3ff]{{0,2}}(?:\u200d(?:{_BASE}|[\u2640\u2642])[\ufe0f\U0001f3fb-\U0001f3ff]{{0,2}}){{0,4}}"
)
# Signs typed as faces; they stand alone.
_TYPED = {
    ":)": "cara sonriente",
    ":-)": "cara sonriente",
    "=)": "cara sonriente",
    ":(": "cara triste",
    ":-(": "cara triste",
    ":D": "cara feliz",
    ":-D": "cara feliz",
    ";)": "guiño",
    ";-)": "guiño",
    ":P": "lengua afuera",
    ":-P": "lengua afuera",
    ":p": "lengua afuera",
    ":'(": "cara llorando",
    ":*": "beso",
    ":-*": "beso",
    ":O": "cara sorprendida",
    "<3": "corazón",
    ":/": "mueca",
    ":|": "cara neutral",
    "^^": "cara contenta",
}
_FACE = Pattern(r"(?::'\(|[:;=]-?[)(DPpO*/|]|<3|\^\^)(?=[\s.,!?…)]|$)")
_MODIFIERS = Pattern("[\ufe0f\U0001f3fb-\U0001f3ff]")
_FLAGS = (
    "AR:argentina UY:uruguay CL:chile PY:paraguay BO:bolivia BR:brasil PE:perú CO:colombia VE:venezuela EC:ecuador "
    "MX:méxico ES:españa US:estados_unidos IT:italia FR:francia DE:alemania GB:reino_unido PT:portugal CU:cuba PA:panamá "
    "CR:costa_rica GT:guatemala HN:honduras SV:el_salvador NI:nicaragua DO:república_dominicana PR:puerto_rico JP:japón "
    "CN:china CA:canadá AU:australia"
)
_NAMES = """
🙂 cara sonriente|😀 cara feliz|😃 cara feliz|😄 cara muy feliz|😁 cara radiante|😆 cara riendo|😅 risa con sudor
🤣 muerto de risa|😂 llorando de risa|🙃 cara al revés|😉 guiño|😊 cara sonrojada|😇 cara de ángel|🥰 cara enamorada
😍 ojos de corazón|🤩 cara asombrada|😘 beso|😗 beso|😚 beso|😋 cara relamida|😛 lengua afuera
😜 guiño con lengua afuera|🤪 cara de loco|🤑 cara con dinero|🤗 abrazo|🤭 cara tapándose la boca|🤫 silencio
🤔 cara pensativa|🤐 boca cerrada|🤨 ceja levantada|😐 cara neutral|😑 cara inexpresiva|😶 cara sin boca
😏 sonrisa pícara|😒 cara de fastidio|🙄 ojos en blanco|😬 mueca|😌 cara aliviada|😔 cara triste|😪 cara de sueño
😴 cara dormida|😷 cara con barbijo|🤒 cara con fiebre|🤢 cara de náuseas|🤮 vómito|🤧 estornudo|🥵 cara con calor
🥶 cara con frío|🤯 cabeza explotando|🤠 cara de vaquero|🥳 cara de fiesta|😎 cara con anteojos de sol
🤓 cara de estudioso|😕 cara confundida|😟 cara preocupada|🙁 cara triste|😮 cara sorprendida|😲 cara asombrada
😳 cara avergonzada|🥺 cara suplicante|😢 cara llorando|😭 llorando a mares|😱 grito de miedo|😖 cara angustiada
😞 cara decepcionada|😩 cara agotada|😫 cara cansada|🥱 bostezo|😤 bufido|😡 cara enojada|😠 cara enojada
🤬 cara insultando|😈 diablito|💀 calavera|💩 caca|🤡 payaso|👻 fantasma|👽 extraterrestre|🤖 robot|❤ corazón
🧡 corazón naranja|💛 corazón amarillo|💚 corazón verde|💙 corazón azul|💜 corazón violeta|🖤 corazón negro
🤍 corazón blanco|💔 corazón roto|💕 dos corazones|💖 corazón brillante|💯 cien puntos|💥 explosión|💦 gotas|💤 sueño
👋 saludo con la mano|✋ mano levantada|👌 mano de acuerdo|🤞 dedos cruzados|🤘 cuernitos|👈 dedo a la izquierda
👉 dedo a la derecha|👆 dedo arriba|👇 dedo abajo|👍 pulgar arriba|👎 pulgar abajo|✊ puño|👊 puño|👏 aplausos
🙌 manos en alto|🙏 manos juntas|💪 brazo fuerte|👀 ojos|👶 bebé|👦 nene|👧 nena|👨 hombre|👩 mujer|👴 anciano
👵 anciana|🤷 encogida de hombros|🤦 mano en la frente|🙋 mano levantada|💃 bailarina|🐶 perro|🐱 gato|🐭 ratón
🐴 caballo|🐮 vaca|🐷 chancho|🐔 gallina|🐧 pingüino|🦆 pato|🐝 abeja|🦋 mariposa|🌹 rosa|🌸 flor|🌻 girasol|🌳 árbol
🍀 trébol|🌵 cactus|🍎 manzana|🍌 banana|🍓 frutilla|🍇 uvas|🍉 sandía|🍕 pizza|🍔 hamburguesa|🍟 papas fritas|🥩 carne
🥐 medialuna|🍰 torta|🎂 torta de cumpleaños|🍫 chocolate|🍷 copa de vino|🍺 cerveza|🍻 brindis con cerveza
🥂 brindis|☕ café|🧉 mate|⚽ pelota de fútbol|🏀 pelota de básquet|🎾 tenis|🏆 copa|🥇 medalla de oro|🎉 festejo
🎊 papel picado|🎁 regalo|🎈 globo|🎵 nota musical|🎶 notas musicales|🎤 micrófono|🎧 auriculares|🎸 guitarra
🎬 claqueta|📷 cámara|📱 celular|💻 computadora|☎ teléfono|📞 teléfono|📺 televisor|🔋 batería|💡 idea|📖 libro
📚 libros|📝 nota|✏ lápiz|📌 chinche|📎 clip|📅 calendario|✉ sobre|📧 correo electrónico|🔒 candado|🔑 llave
🔨 martillo|💰 bolsa de dinero|💸 dinero que vuela|💳 tarjeta|🚗 auto|🚌 colectivo|🚂 tren|✈ avión|🚀 cohete
🚲 bicicleta|🏠 casa|🏥 hospital|🏫 escuela|⏰ despertador|⌛ reloj de arena|⏳ reloj de arena|☀ sol|🌞 sol|🌙 luna
⭐ estrella|🌟 estrella brillante|✨ brillos|⚡ rayo|🔥 fuego|❄ copo de nieve|☁ nube|🌧 lluvia|🌈 arcoíris
☔ paraguas con lluvia|🌊 ola|🌍 mundo|🌎 mundo|✅ tilde verde|✔ tilde|❌ cruz|❎ cruz|❓ signo de pregunta
❗ signo de exclamación|⚠ advertencia|🚫 prohibido|♻ reciclaje|➡ flecha a la derecha|⬅ flecha a la izquierda
⬆ flecha arriba|⬇ flecha abajo|🔴 círculo rojo|🟢 círculo verde|🔵 círculo azul|🎄 árbol de navidad|🎅 papá noel
"""


@cache
def _tables() -> tuple[dict[str, str], dict[str, str]]:
    """Names by emoji, countries by code."""
    named = (line.partition(" ") for line in _NAMES.strip().replace("\n", "|").split("|"))
    return {character: name for character, _, name in named}, dict(pair.split(":") for pair in _FLAGS.split())


def emoji_at(text: str, at: int) -> bool:
    """Whether an emoji or a face typed with signs stands here."""
    if text[at] > "\u2319":
        return _EMOJI.match(text, at) is not None
    alone = text[at] in ":;=<^" and (at == 0 or text[at - 1].isspace() or text[at - 1] in ".,!?…")
    return alone and _FACE.match(text, at) is not None and _FACE.match(text, at).group() in _TYPED


def name_of(emoji: str) -> str | None:
    """The name of an emoji or flag in Spanish, None if the table lacks it.

    >>> name_of("❤️"), name_of("👍🏽"), name_of("🇦🇷"), name_of("🧉"), name_of("👩‍🚀")
    ('corazón', 'pulgar arriba', 'bandera de argentina', 'mate', None)
    """
    if "\U0001f1e6" <= emoji[0] <= "\U0001f1ff":
        country = _tables()[1].get("".join(chr(ord(c) - 0x1F1E6 + 65) for c in emoji))
        return f"bandera de {country.replace('_', ' ')}" if country else None
    plain = _MODIFIERS.sub("", emoji)
    names = _tables()[0]
    return names.get(plain) or names.get(re.sub("\u200d[\u2640\u2642]", "", plain))


def read_emoji(text: str, at: int, context: Context) -> int:
    """Read, drop or report the emoji at `at`, by `Choices.emoji`; one without a name is reported."""
    end = (_EMOJI.match(text, at) or _FACE.match(text, at)).end()
    name = _TYPED.get(text[at:end]) or name_of(text[at:end])
    if context.choices.emoji == "drop":
        context.silent(at, end, "emoji dropped")
    elif context.choices.emoji == "name" and name is not None:
        pause = ", " if context.pieces and context.pieces[-1].kind != "mark" else ""
        add(context, f"{pause}{name} ,", (at, end), "emoji", "named")
    else:
        context.report(at, end)
    return end
