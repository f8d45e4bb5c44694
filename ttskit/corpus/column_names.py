"""Names of columns: what `--columns` takes, and what the headers of public corpora say."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

__all__ = ["CONTENT", "HEADER", "HEADER_IGNORED", "ROLES", "known_header"]

ROLES = {
    "path": "path",
    "id": "path",
    "file": "path",
    "audio": "path",
    "text": "text",
    "raw": "raw",
    "normalized": "normalized",
    "speaker": "speaker",
    "speaker/path": "speaker/path",
    "language": "language",
    "ignore": "ignore",
    "-": "ignore",
    "_": "ignore",
}
CONTENT = "path, text, raw, normalized, speaker, speaker/path, language, ignore"

_PATHS = """path file filename file_name filepath file_path audio audio_path audio_file audio_filepath
    audio_filename wav wav_path wav_file wav_filename wavfile clip clip_path sound recording archivo
    ruta fichero nombre_archivo audiofile basename utt_path wav_name audio_name fname grabacion"""
_IDS = "id utterance_id utt_id utt uid key clip_id audio_id sample_id item_id item record_id"
_TEXTS = """text sentence characters transcript transcription transcripcion texto frase oracion utterance content caption
    raw_transcription raw_sentence target_text original_sentence script prompt line phrase contenido enunciado guion"""
_RAW = "raw raw_text text_raw original_text text_original orig_text texto_original unnormalized_text"
_NORMALIZED = """normalized normalised normalized_text normalised_text text_normalized text_normalised
    normalized_transcription normalized_sentence clean_text cleaned_text text_clean texto_normalizado
    text_no_preprocessing normalized_transcript"""
_SPEAKERS = """speaker speaker_id speaker_name spk spk_id spkid speakerid client_id reader reader_id locutor
    locutora hablante voice voice_id voice_name narrator voz persona sid"""
_LANGUAGES = "language lang locale language_id lang_id idioma lengua language_code"
_IGNORED = """duration dur length seconds secs duracion start end offset sentence_id sentence_domain up_votes
    down_votes age gender sex accent accents variant segment split subset emotion style domain
    sample_rate sampling_rate samplerate sr n_samples num_samples frames snr cer wer mos score quality
    date time phonemes phones ipa phoneme_ids pitch energy index idx unnamed no number num size hash md5
    sha256 url source license edad genero sexo acento provincia emocion estilo comments comment notes
    votes original_path raw_path session device channel channels bitrate codec chapter book chapter_id
    book_id is_gold_transcript lang_prob text_length nchars words num_words label speech_duration
    validated"""

HEADER = {
    **dict.fromkeys(_PATHS.split(), "path"),
    **dict.fromkeys(_IDS.split(), "id"),
    **dict.fromkeys(_TEXTS.split(), "text"),
    **dict.fromkeys(_RAW.split(), "raw"),
    **dict.fromkeys(_NORMALIZED.split(), "normalized"),
    **dict.fromkeys(_SPEAKERS.split(), "speaker"),
    **dict.fromkeys(_LANGUAGES.split(), "language"),
}
HEADER_IGNORED = frozenset(_IGNORED.split())


def known_header(cells: Sequence[str], least: int = 2) -> tuple[str, ...]:
    """The names in a row of names, in one spelling; () if it is none.

    Args:
        least: so many names must be known; and every cell must look like a name.
    """
    names = tuple(_plain(cell) for cell in cells)
    known = sum(name in HEADER or name in HEADER_IGNORED for name in names)
    if known < min(least, len(names)) or any(len(name) > 40 or name.count("_") > 4 for name in names):
        return ()
    kinds = {HEADER.get(name) for name in names}
    return names if least < 2 or ({"path", "id"} & kinds or {"text", "raw", "normalized"} & kinds) else ()


def _plain(name: str) -> str:
    bare = unicodedata.normalize("NFD", name.strip().strip("\"'#").strip().casefold())
    letters = "".join(c for c in bare if not unicodedata.combining(c))
    return "_".join(letters.replace("-", " ").replace(".", " ").replace("_", " ").split())
