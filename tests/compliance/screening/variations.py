"""Invented people and the ways in which their names get written: what the tuning of the screening is measured on.

Everything is drawn from one seed. Listed people come from pools of six cultures; each pool gives a name in Latin
letters as a list would print it, and where the culture has another script, in that script as a customer would write it.
Innocent people are drawn from the same first names with last names that no listed person has, beside a share of common
last names that listed people do have: the first show what a bare likeness of sounds costs, the second what shared names
cost.

    python -m tests.compliance.screening.variations [SEED] [LISTED] [INNOCENT]

prints the tables of docs/screening.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from compliance.screening.index import NameIndex
from compliance.screening.matching import ScreeningParameters, plain, screen
from compliance.screening.parties import ListedName, ListedParty, NameQuality, PartyKind, Subject

__all__ = ["KINDS", "Person", "Recall", "innocents", "listed_parties", "measure", "people", "vary"]

ARABIC_GIVEN = (
    "Muhammad محمد|Ahmad أحمد|Mahmud محمود|Khalid خالد|Yusuf يوسف|Ibrahim إبراهيم|Hasan حسن|Husayn حسين|Umar عمر|"
    "Ali علي|Mustafa مصطفى|Tariq طارق|Nasir ناصر|Salim سالم|Jamal جمال|Karim كريم|Rashid رشيد|Faysal فيصل|"
    "Bilal بلال|Hamza حمزة|Zayd زيد|Sulayman سليمان|Walid وليد|Samir سمير"
)  # fmt: skip
ARABIC_FAMILY = (
    "al-Harbi الحربي|al-Masri المصري|al-Tikriti التكريتي|al-Shami الشامي|al-Baghdadi البغدادي|Darwish درويش|"
    "Mansur منصور|Qasim قاسم|al-Najjar النجار|Haddad حداد|al-Jubouri الجبوري|Shahin شاهين|al-Khatib الخطيب|"
    "Barakat بركات|al-Zahrani الزهراني|Sabbagh صباغ|al-Qahtani القحطاني|Farhat فرحات"
)  # fmt: skip
ARABIC_SPELLINGS = {
    "Muhammad": ("Mohammed", "Mohamed", "Mohamad", "Muhamed", "Mohammad"), "Ahmad": ("Ahmed", "Akhmad"),
    "Mahmud": ("Mahmoud", "Mahmood"), "Khalid": ("Khaled", "Halid"), "Yusuf": ("Youssef", "Yousuf", "Yousef", "Yousif"),
    "Ibrahim": ("Ebrahim", "Ibraheem"), "Hasan": ("Hassan",), "Husayn": ("Hussein", "Hussain", "Husain"),
    "Umar": ("Omar", "Oumar"), "Ali": ("Aly",), "Mustafa": ("Mostafa", "Moustafa"), "Tariq": ("Tarek", "Tarik"),
    "Nasir": ("Nasser", "Naser"), "Salim": ("Saleem", "Selim"), "Jamal": ("Gamal", "Djamal"), "Karim": ("Kareem",),
    "Rashid": ("Rasheed", "Rachid"), "Faysal": ("Faisal", "Feisal"), "Hamza": ("Hamzah",), "Zayd": ("Zaid", "Zeid"),
    "Sulayman": ("Suleiman", "Soliman", "Sulaiman"), "Walid": ("Waleed", "Oualid"), "Samir": ("Sameer",),
    "al-Harbi": ("Alharbi", "Harbi"), "al-Masri": ("El Masry", "Almasri"), "al-Tikriti": ("Tikriti", "El-Takriti"),
    "al-Shami": ("Alshami", "El Chami"), "Mansur": ("Mansour", "Mansoor"), "Qasim": ("Kassem", "Qassim", "Kasim"),
    "al-Najjar": ("Alnajjar", "El Naggar"), "al-Jubouri": ("Jaburi", "Al Juburi"), "Shahin": ("Shaheen", "Chahine"),
    "al-Khatib": ("El Khateeb", "Alkhatib"), "al-Zahrani": ("Alzahrani", "Zahrani"), "al-Qahtani": ("Kahtani",),
    "Darwish": ("Darwiche", "Derwish"),
}  # fmt: skip
CYRILLIC_GIVEN = (
    "Sergei Сергей|Aleksandr Александр|Dmitry Дмитрий|Evgeny Евгений|Mikhail Михаил|Yury Юрий|Nikolai Николай|"
    "Vladislav Владислав|Oleg Олег|Arkady Аркадий|Viktor Виктор|Konstantin Константин|Tatiana Татьяна|Oksana Оксана|"
    "Lyudmila Людмила|Grigory Григорий|Fyodor Фёдор|Yelena Елена|Andrei Андрей|Pyotr Пётр"
)  # fmt: skip
CYRILLIC_FAMILY = (
    "Shcherbakov Щербаков|Zhukovsky Жуковский|Chernyshev Чернышев|Khodakov Ходаков|Tsvetkov Цветков|Yershov Ершов|"
    "Kuznetsov Кузнецов|Belyaev Беляев|Goryunov Горюнов|Timoshenko Тимошенко|Vishnevsky Вишневский|Solovyov Соловьёв|"
    "Grachev Грачев|Mukhin Мухин|Polyakov Поляков|Zaytsev Зайцев|Fedoseev Федосеев|Kryukov Крюков"
)  # fmt: skip
PATRONYMICS = "Ivanovich Petrovich Sergeevich Nikolaevich Viktorovich Mikhailovich Andreevich Olegovich".split()
GREEK_GIVEN = (
    "Georgios Γεώργιος|Ioannis Ιωάννης|Konstantinos Κωνσταντίνος|Evangelos Ευάγγελος|Athanasios Αθανάσιος|"
    "Panagiotis Παναγιώτης|Nikolaos Νικόλαος|Christos Χρήστος|Spyridon Σπυρίδων|Angeliki Αγγελική"
)  # fmt: skip
GREEK_FAMILY = (
    "Papadopoulos Παπαδόπουλος|Mpakogiannis Μπακογιάννης|Karagiannis Καραγιάννης|Oikonomou Οικονόμου|"
    "Theodorakis Θεοδωράκης|Angelopoulos Αγγελόπουλος|Vlachos Βλάχος|Kouroumplis Κουρουμπλής|Xanthopoulos Ξανθόπουλος"
)  # fmt: skip
KANA_GIVEN = (
    "Taro たろう 太郎|Hanako ハナコ 花子|Kenji けんじ 健二|Yuki ゆき 由紀|Ichiro イチロウ 一郎|Shinji しんじ 真司|"
    "Keiko けいこ 恵子|Daisuke だいすけ 大輔|Ryota りょうた 亮太|Tsubasa つばさ 翼"
)  # fmt: skip
KANA_FAMILY = (
    "Yamada やまだ 山田|Sato さとう 佐藤|Watanabe ワタナベ 渡辺|Kobayashi こばやし 小林|Ito いとう 伊藤|"
    "Shimizu しみず 清水|Hasegawa ハセガワ 長谷川|Chiba ちば 千葉|Ono おの 小野|Fujimoto ふじもと 藤本"
)  # fmt: skip
HAN_GIVEN = "Wei 伟|Xiaoming 晓明|Jianguo 建国|Lihua 丽华|Qiang 强|Guoqiang 国强|Meiling 美玲|Zhiyuan 志远|Haitao 海涛"
HAN_FAMILY = "Zhang 张|Wang 王|Chen 陈|Liu 刘|Zhao 赵|Xu 徐|Zhou 周|Huang 黄|Ouyang 欧阳"
LATIN_GIVEN = (
    "James Maria Thomas Elena Carlos Sofia Pierre Ingrid Marco Beatriz Stefan Agnieszka Lukas Fatou Kwame Chidi Priya "
    "Rajesh Mehmet Ayse Nguyen Thanh Antonio Catherine Oliver Hannah Diego Lucia Jonas Katarzyna Emeka Amara Vikram "
    "Isabel Henrik Margarethe Philippe Gabriela Tomasz Ewa"
).split()
COMMON_FAMILY = (
    "Smith Garcia Müller Rossi Kowalski Silva Nguyen Patel Johansson Dubois Okafor Hernández Novák Jensen Kaya Yilmaz "
    "Schröder Rodríguez Gonçalves Björklund"
).split()
_ONSETS = "b br ch d dr f g gr h j k kl l m n p pr r s sh st t tr v w z".split()
_VOWELS = "a e i o u ai ou ie".split()
_CODAS = "n r l s m t ck nd rt lk ng rs".split()
_ENDINGS = "son ski ez elli mann enko ova ard ington ura".split()
_ACCENTS = {
    "a": "áàâä",
    "e": "éèêë",
    "i": "íîï",
    "o": "óôöø",
    "u": "úûü",
    "c": "ç",
    "n": "ñ",
    "s": "š",
    "z": "ž",
    "l": "ł",
}


class Person(NamedTuple):
    """A listed person: given, middle (or none) and family name in Latin letters; the same in other scripts, if any."""

    culture: str
    given: str
    middle: str
    family: str
    native: str
    kanji: str

    @property
    def listed(self) -> str:
        """As a list prints it."""
        return f"{self.family.upper()}, {' '.join(part for part in (self.given, self.middle) if part)}"

    @property
    def plain(self) -> str:
        """As people write it."""
        return " ".join(part for part in (self.given, self.middle, self.family) if part)


def _pool(text: str) -> list[list[str]]:
    return [row.rsplit(" ", row.count(" ")) for row in text.split("|")]


_CULTURES = {
    "arabic": (_pool(ARABIC_GIVEN), _pool(ARABIC_FAMILY)),
    "cyrillic": (_pool(CYRILLIC_GIVEN), _pool(CYRILLIC_FAMILY)),
    "greek": (_pool(GREEK_GIVEN), _pool(GREEK_FAMILY)),
    "kana": (_pool(KANA_GIVEN), _pool(KANA_FAMILY)),
    "han": (_pool(HAN_GIVEN), _pool(HAN_FAMILY)),
}


def _invented_family(random: Random, endings: list[str]) -> str:
    parts = [random.choice(_ONSETS) + random.choice(_VOWELS) for _ in range(random.choice((1, 2, 2)))]
    return ("".join(parts) + random.choice(_CODAS) + random.choice(endings)).capitalize()


def people(random: Random, count: int) -> list[Person]:
    """Listed people: a third with another script, the rest from the Latin pools and invented last names."""
    found = []
    for _ in range(count):
        culture = random.choice((*_CULTURES, *["latin"] * 8))
        if culture == "latin":
            common = random.random() < 0.15
            family = random.choice(COMMON_FAMILY) if common else _invented_family(random, _ENDINGS[:5])
            middle = random.choice(LATIN_GIVEN) if random.random() < 0.5 else ""
            found.append(Person(culture, random.choice(LATIN_GIVEN), middle, family, "", ""))
            continue
        givens, families = _CULTURES[culture]
        given, family = random.choice(givens), random.choice(families)
        second = random.choice(givens) if culture in ("arabic", "greek") and random.random() < 0.6 else None
        middle = second[0] if second else random.choice(PATRONYMICS) if culture == "cyrillic" else ""
        eastern = culture in ("kana", "han")
        parts = [given[1], *([second[1]] if second else []), family[1]]
        native = (family[1] + (" " if culture == "kana" else "") + given[1]) if eastern else " ".join(parts)
        kanji = family[2] + given[2] if culture == "kana" else ""
        found.append(Person(culture, given[0], middle, family[0], native, kanji))
    return found


def innocents(random: Random, count: int, common: float) -> list[str]:
    """People who are not listed; `common` is the share whose last name is a common one that listed people have too."""
    given = [*LATIN_GIVEN, *(row[0] for pools in _CULTURES.values() for row in pools[0])]
    shared = [*COMMON_FAMILY, *(row[0] for pools in _CULTURES.values() for row in pools[1])]
    found = []
    for _ in range(count):
        is_common = random.random() < common
        family = random.choice(shared) if is_common else _invented_family(random, _ENDINGS[5:])
        names = random.sample(given, 2 if random.random() < 0.4 else 1)
        found.append(" ".join((*names, family)))
    return found


def listed_parties(persons: list[Person]) -> list[ListedParty]:
    return [
        ListedParty("TEST", str(number), PartyKind.PERSON, (ListedName(person.listed, NameQuality.PRIMARY),))
        for number, person in enumerate(persons)
    ]


def _edit(random: Random, word: str) -> str:
    at = random.randrange(len(word) - 1)
    letter = random.choice("abcdefghijklmnopqrstuvwxyz")
    choice = random.randrange(4)
    if choice == 0:
        return word[:at] + letter + word[at + 1 :]
    if choice == 1:
        return word[:at] + letter + word[at:]
    if choice == 2:
        return word[:at] + word[at + 1 :]
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _typo(random: Random, person: Person) -> str:
    words = person.plain.split()
    long = [number for number, word in enumerate(words) if len(word) >= 4]
    at = random.choice(long or range(len(words)))
    words[at] = _edit(random, words[at]) if len(words[at]) > 1 else words[at]
    return " ".join(words)


def _two_typos(random: Random, person: Person) -> str | None:
    if min(len(person.given), len(person.family)) < 5:
        return None
    return " ".join((_edit(random, person.given), *person.middle.split(), _edit(random, person.family)))


def _accented(random: Random, person: Person) -> str:
    return "".join(
        random.choice(_ACCENTS[letter]) if letter in _ACCENTS and random.random() < 0.5 else letter
        for letter in person.plain
    )


def _spelled(random: Random, person: Person) -> str | None:
    parts = [part for part in (person.given, person.middle, person.family) if part]
    if person.culture != "arabic" or not any(part in ARABIC_SPELLINGS for part in parts):
        return None
    return " ".join(random.choice(ARABIC_SPELLINGS.get(part, (part,))) for part in parts)


def _joined(random: Random, person: Person) -> str | None:
    if person.culture in ("han", "kana"):
        return person.family + person.given.lower()
    if not person.middle:
        return None
    return f"{person.given}{person.middle.lower()} {person.family}"


def _of(*cultures: str) -> Callable[[Random, Person], str | None]:
    return lambda random, person: person.native if person.culture in cultures else None


KINDS: dict[str, Callable[[Random, Person], str | None]] = {
    "as listed": lambda random, person: person.listed,
    "word order": lambda random, person: person.plain,
    "case and punctuation": lambda random, person: person.plain.replace(" ", "-").lower() + ".",
    "diacritics": _accented,
    "title added": lambda random, person: f"Dr. {person.plain}",
    "one typo": _typo,
    "two typos, in two words": _two_typos,
    "middle name missing": lambda random, person: f"{person.given} {person.family}" if person.middle else None,
    "middle name added": lambda random, person: (
        f"{person.given} {random.choice(LATIN_GIVEN)} {person.family}" if not person.middle else None
    ),
    "first name an initial": lambda random, person: f"{person.given[0]}. {person.family}",
    "words joined": _joined,
    "Arabic name, other spelling": _spelled,
    "Arabic script": _of("arabic"),
    "Cyrillic script": _of("cyrillic"),
    "Greek script": _of("greek"),
    "kana": _of("kana"),
    "Chinese in Han": _of("han"),
    "Japanese in kanji": lambda random, person: person.kanji or None,
}
"""Each way of writing a name, None where it does not apply to a person. The last fails: names.py says why."""


def vary(kind: str, random: Random, person: Person) -> str | None:
    return KINDS[kind](random, person)


class Recall(NamedTuple):
    """Of `tried` variations, how many found their person, and how many the plain twin finds."""

    tried: int
    found: int
    found_plainly: int


def measure(
    seed: int, listed: int, samples: int, threshold: int, *, with_plain: bool = False
) -> tuple[dict[str, Recall], NameIndex]:
    """Recall by kind: for each up to `samples` people, drawn anew, whether screening the variation finds them."""
    random = Random(seed)
    persons = people(random, listed)
    index = NameIndex(listed_parties(persons))
    parameters = ScreeningParameters(threshold)
    table = {}
    for kind in KINDS:
        tried = found = plainly = 0
        for number in random.sample(range(listed), listed):
            written = vary(kind, random, persons[number])
            if written is None:
                continue
            subject = Subject("s", (written,), PartyKind.PERSON)
            wanted = persons[number].listed
            tried += 1
            found += any(hit.listed == wanted for hit in screen(subject, index, parameters).hits)
            if with_plain:
                plainly += any(hit.listed == wanted for hit in plain(subject, index, parameters).hits)
            if tried == samples:
                break
        table[kind] = Recall(tried, found, plainly)
    return table, index


def false_positives(seed: int, index: NameIndex, count: int, common: float, threshold: int) -> int:
    """Of so many innocent people, how many have a hit."""
    parameters = ScreeningParameters(threshold)
    names = innocents(Random(seed + 1), count, common)
    return sum(bool(screen(Subject("s", (name,), PartyKind.PERSON), index, parameters).hits) for name in names)


def main(arguments: list[str]) -> None:
    seed, listed, innocent = (int(word) for word in (*arguments, *("1", "20000", "2000")[len(arguments) :]))
    thresholds = (8000, 8500, 9000)
    tables = {threshold: measure(seed, listed, 400, threshold) for threshold in thresholds}
    print("| variation | tried | " + " | ".join(f"found at {threshold:,}" for threshold in thresholds) + " |")
    print("| --- | ---: |" + " ---: |" * len(thresholds))
    for kind in KINDS:
        rows = [tables[threshold][0][kind] for threshold in thresholds]
        shares = " | ".join(f"{100 * row.found / max(1, row.tried):.1f} %" for row in rows)
        print(f"| {kind} | {rows[0].tried} | {shares} |")
    print()
    for common in (0.0, 0.3):
        shares = [
            f"{100 * false_positives(seed, tables[threshold][1], innocent, common, threshold) / innocent:.1f} %"
            for threshold in thresholds
        ]
        print(f"| {int(100 * common)} % with a listed last name | {innocent} | " + " | ".join(shares) + " |")


if __name__ == "__main__":
    main(sys.argv[1:])
