"""
Takes tunes.txt from the ABC files in the wheel of music21, once. Run `python3 data/make_data.py` afterwards, for the checksums.

Nothing else needs music21. Made with music21 10.5.0, in some ten minutes. A tune is kept where it is a reel, a jig or a hornpipe,
with one melody, bars that add up once repeats are played out, only the usual notes, and no twin among those before it.
"""

import contextlib
import re
import string
from collections import Counter
from fractions import Fraction
from pathlib import Path

import music21
import numpy as np

BOOKS = {"oneills1850": "O'Neill", "ryansMammoth": "Ryan"}
BAR = {"reel": 8, "jig": 6, "hornpipe": 8}  # in eighth notes
LOWEST, HIGHEST = 52, 88  # as MIDI counts: from E, three letters below middle C, to two octaves and a bit above it
RARE = 200  # a tune with a note that occurs less often in all is left out: so there are less than 100 different ones
TWINS = 1 / 3  # two books print the same dance: tunes that share so much of their runs of eight notes are twins
ENDLESS = {"O'Neill 730", "O'Neill 1000", "O'Neill 1046", "O'Neill 1048"}  # music21 does not come to an end with their repeats
LETTERS = ["C", "^C", "D", "_E", "E", "F", "^F", "G", "_A", "A", "_B", "B"]


def kind_of(abc: str) -> str | None:
    """Reel, jig or hornpipe, as the tune's own R: field says."""
    rhythm = re.search(r"^R:\s*(.*?)\s*$", abc, re.M)
    name = rhythm[1].lower() if rhythm else ""
    return {"reel": "reel", "jig": "jig", "double jig": "jig", "hornpipe": "hornpipe"}.get(name)


def melody(score: music21.stream.Score) -> list[tuple[int, Fraction]]:
    """The notes with repeats played out: pitch as MIDI counts, and length in quarter notes."""
    part = score.parts[0].expandRepeats().flatten().stripTies()
    notes = []
    for element in part.notesAndRests:
        length = Fraction(element.quarterLength).limit_denominator(48)
        if not length:
            continue  # a grace note
        if element.isRest and notes:
            notes[-1] = notes[-1][0], notes[-1][1] + length  # the note before it sounds on
        elif not element.isRest:
            notes.append((max(pitch.midi for pitch in element.pitches), length))
    return notes


def in_c(notes: list[tuple[int, Fraction]], tonic: int) -> list[tuple[int, Fraction]]:
    """The notes with the tonic on C, in the octave in which most of them lie near the C above middle C."""
    middle = sorted(pitch for pitch, _ in notes)[len(notes) // 2]
    shift = min((s for s in range(-24, 25) if (tonic + s) % 12 == 0), key=lambda s: abs(middle + s - 71))
    return [(pitch + shift, length) for pitch, length in notes]


def name_of(pitch: int, length: Fraction) -> str:
    """A note in ABC notation with eighth notes as the unit: middle C is C, an octave higher c; c2 is twice as long, c/2 half."""
    letter, octave = LETTERS[pitch % 12], pitch // 12 - 5
    letter = letter.lower() + "'" * (octave - 1) if octave > 0 else letter + "," * -octave
    if length == 1:
        return letter
    times = str(length.numerator) if length.numerator > 1 else ""
    return letter + times + (f"/{length.denominator}" if length.denominator > 1 else "")


def with_bars(notes: list[tuple[int, Fraction]], bar: int) -> list[str] | None:
    """The tokens of a tune, with a bar line wherever a bar is full; None where the bars do not add up."""
    for pickup in (0, *(Fraction(half, 2) for half in range(1, 2 * bar))):
        tokens, filled = [], (bar - pickup) % bar
        for pitch, length in notes:
            tokens.append(name_of(pitch, length))
            filled += length
            if filled > bar:
                break
            if filled == bar:
                tokens.append("|")
                filled = 0
        else:
            if (filled + pickup) % bar == 0 or filled == 0:
                return tokens if tokens[-1] == "|" else [*tokens, "|"]
    return None


def read_tune(abc: str, book: str) -> tuple[str, str, str, list[str]] | None:
    """Where it stands, its title, its kind and its tokens; None where it is not to be kept."""
    kind, meter = kind_of(abc), re.search(r"^M:\s*(\S+)", abc, re.M)[1]
    number = re.search(r"^X:\s*(\d+)", abc, re.M)[1]
    where = f"{book} {number}" if book == "O'Neill" else book  # the files of Ryan's book do not have its numbers
    if where in ENDLESS or len(re.findall(r"^[KM]:", abc, re.M)) > 2 or "V:" in abc:
        return None
    eighths = {"6/8": 2} if kind == "jig" else {"C|": 2, "C": 2, "4/4": 2, "2/4": 4}  # in a quarter note of the book
    if meter not in eighths:
        return None
    score = music21.converter.parse(abc, format="abc")
    key = next(iter(score.recurse().getElementsByClass("KeySignature")))
    tonic = key.tonic.pitchClass if hasattr(key, "tonic") else key.getScale("major").tonic.pitchClass
    notes = [(pitch, length * eighths[meter]) for pitch, length in melody(score)]
    notes = in_c(notes, tonic)
    if len(notes) < 80 or not all(LOWEST <= pitch <= HIGHEST for pitch, _ in notes):
        return None
    tokens = with_bars(notes, BAR[kind])
    title = re.search(r"^T:\s*(.*?)\s*(?: -- .*)?$", abc, re.M)[1]
    return tokens and (where, string.capwords(title) if title.isupper() else title, kind, tokens)


def runs(tokens: list[str]) -> set[tuple[str, ...]]:
    """All runs of eight notes in a tune, without bar lines."""
    notes = [token for token in tokens if token != "|"]
    return {tuple(notes[i : i + 8]) for i in range(len(notes) - 7)}


def read_books() -> list[tuple[str, str, str, list[str]]]:
    """All tunes of both books that can be read."""
    corpus = Path(music21.__file__).parent / "corpus"
    tunes = []
    for folder, book in BOOKS.items():
        for path in sorted((corpus / folder).glob("*.abc")):
            for abc in re.split(r"\n(?=X:)", path.read_text(encoding="utf-8", errors="replace")):
                if not (re.search(r"^X:", abc, re.M) and re.search(r"^M:", abc, re.M) and kind_of(abc)):
                    continue
                with contextlib.suppress(music21.repeat.ExpanderException):  # repeats that cannot be played out
                    tunes.append(read_tune(abc, book))
    return [tune for tune in tunes if tune]


def without_rare_notes_and_twins(tunes: list[tuple[str, str, str, list[str]]]) -> list[tuple[str, str, str, list[str]]]:
    """The tunes of the usual notes, without those that are much like one before them."""
    counts = Counter(token for *_, tokens in tunes for token in tokens)
    kept, known = [], []
    for tune in tunes:
        here = runs(tune[-1])
        twin = any(len(here & other) > TWINS * min(len(here), len(other)) for other in known)
        if min(counts[token] for token in tune[-1]) >= RARE and not twin:
            kept.append(tune)
            known.append(here)
    return kept


def main() -> None:
    """Read both books, and write what is kept."""
    tunes = without_rare_notes_and_twins(read_books())
    order = np.random.default_rng(13).permutation(len(tunes))  # so that every tenth is one of each kind and book
    lines = ["\t".join([*tunes[i][:3], " ".join(tunes[i][3])]) for i in order]
    (Path(__file__).resolve().parent / "tunes.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(
        len(tunes),
        "tunes,",
        Counter(kind for _, _, kind, _ in tunes),
        len({token for tune in tunes for token in tune[3]}),
        "tokens",
    )


if __name__ == "__main__":
    main()
