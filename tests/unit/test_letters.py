"""Letters for every reader, from the provider displayed.

MO-2: a re-engagement letter says why it is sent and how to begin to comply.
OR-5: an offer of resources names them, and says how to get them.
"""

import re
from collections.abc import Callable
from datetime import date
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from pypdf import PdfReader

from activities.letters import Unprintable, render
from activities.providers import BadProviderFile, ProviderDirectory, UnknownProvider
from domain.commands import LetterCommand, OfferResources, SendLetter
from domain.fact import Address

DIRECTORY = ProviderDirectory.load(Path(__file__).parents[2] / "samples" / "providers.yaml")
PROVIDER = DIRECTORY.get("MWA-STL-01")
OFFICE = DIRECTORY.get("ODHS-PDX-01")
HOME = Address(lines=("1200 Sample Street", "Apt. 4B"), city="St. Louis", state="MO", postal_code="63101")
DATED = date(2026, 2, 4)


def command(**changes: object) -> SendLetter:
    usual = {
        "effect": "mo-mwa/C-1042/letter/3",
        "case_id": "mo-mwa/C-1042",
        "number": 3,
        "provider": "MWA-STL-01",
        "language": "en",
        "name": "Ana Muñoz Peña",
        "address": HOME,
        "sanction_began": date(2026, 1, 5),
        "required_hours": 30.0,
        "good_weeks": 2,
        "assessment_needed": False,
        "citation": "MO 0290.040.00",
    }
    return SendLetter.model_validate(usual | changes)


def offer(**changes: object) -> OfferResources:
    usual = {
        "effect": "or-jobs/C-2077/letter/1",
        "case_id": "or-jobs/C-2077",
        "number": 1,
        "provider": "ODHS-PDX-01",
        "language": "en",
        "name": "Ana Muñoz Peña",
        "address": HOME,
        "staffing_held_on": date(2026, 2, 3),
        "resources": ("State Family Pre-SSI Program", "Family Support and Connections"),
        "citation": "OR DQ1 Guide",
    }
    return OfferResources.model_validate(usual | changes)


every_letter = pytest.mark.parametrize("letter", [command, offer])


def text_of(pdf: bytes) -> str:
    """What a reader gets, in reading order, on one line."""
    pages = " ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    return " ".join(pages.replace("\u200b", "").split())


def letter_text(**changes: object) -> str:
    return text_of(render(command(**changes), PROVIDER, DATED))


def offer_text(**changes: object) -> str:
    return text_of(render(offer(**changes), OFFICE, DATED))


def tags_under(node: object) -> list[str]:
    if isinstance(node, pikepdf.Array):
        return [tag for kid in node for tag in tags_under(kid)]
    if isinstance(node, pikepdf.Dictionary) and "/S" in node:
        return [str(node.S), *tags_under(node.get("/K"))]
    return []


SAID = {
    "en": [
        "February 4, 2026",
        "Dear Ana Muñoz Peña:",
        "Why you are getting this letter",
        "under a sanction since January 5, 2026",
        "The rule is MO 0290.040.00",
        "You can agree to take part at any time.",
        "It does not matter how many times you have been sanctioned before.",
        "How to begin 1. Call or visit us. Our phone number is 314-555-0142.",
        "2. Make a plan with us.",
        "3. Take part for 30 hours a week for 2 weeks in a row.",
        "we will send the alert to lift your sanction",
        "something outside your control kept you from taking part",
        "Gateway Sample Work Services 100 Example Avenue Suite 200 St. Louis, MO 63101",
        "Office hours: Monday to Friday, 8:00 a.m. to 5:00 p.m.",
        "Letter 3 Reference: mo-mwa/C-1042/letter/3",
        "Page 1 of 1",
    ],
    "es": [
        "4 de febrero de 2026",
        "Estimado(a) Ana Muñoz Peña:",
        "Por qué recibe esta carta",
        "bajo una sanción desde el 5 de enero de 2026",
        "La regla es MO 0290.040.00",
        "Puede aceptar participar en cualquier momento.",
        "No importa cuántas veces haya tenido una sanción antes.",
        "Cómo empezar 1. Llámenos o visítenos. Nuestro número de teléfono es 314-555-0142.",
        "2. Haga un plan con nosotros.",
        "3. Participe 30 horas por semana durante 2 semanas seguidas.",
        "enviaremos el aviso para que se levante su sanción",
        "algo fuera de su control le impidió participar",
        "Gateway Sample Work Services 100 Example Avenue Suite 200 St. Louis, MO 63101",
        "Horario de oficina: de lunes a viernes, de 8:00 a.m. a 5:00 p.m.",
        "Carta 3 Referencia: mo-mwa/C-1042/letter/3",
        "Página 1 de 1",
    ],
}


@pytest.mark.parametrize("language", SAID)
def test_a_letter_says_why_it_is_sent_and_how_to_begin_in_the_order_one_reads_it(language: str):
    text = letter_text(language=language)

    missing = [part for part in SAID[language] if part not in text]
    assert missing == []
    body = SAID[language][1:11]
    assert [text.index(part) for part in body] == sorted(text.index(part) for part in body)


@pytest.mark.parametrize(
    ("language", "assessment", "plan"),
    [
        ("en", "Complete an assessment and a plan with us.", "Make a plan with us."),
        ("es", "Complete una evaluación y un plan con nosotros.", "Haga un plan con nosotros."),
    ],
)
def test_only_one_who_needs_the_assessment_is_asked_for_it(language: str, assessment: str, plan: str):
    asked = letter_text(language=language, assessment_needed=True)
    not_asked = letter_text(language=language, assessment_needed=False)

    assert f"2. {assessment}" in asked
    assert plan not in asked
    assert f"2. {plan}" in not_asked
    assert assessment not in not_asked


@pytest.mark.parametrize(
    ("language", "heading"), [("en", "Give us these documents:"), ("es", "Entréguenos estos documentos:")]
)
def test_the_documents_that_are_missing_are_named_one_by_one(language: str, heading: str):
    asked = letter_text(language=language, documents_needed=("Pay stubs for December", "School record"))

    assert f"3. {heading} • Pay stubs for December • School record 4." in asked
    assert heading not in letter_text(language=language)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"required_hours": 32.5}, "for 32.5 hours a week"),
        ({"required_hours": 1.0}, "for 1 hour a week"),
        ({"good_weeks": 1}, "for 1 week."),
        ({"required_hours": 32.5, "language": "es"}, "Participe 32.5 horas por semana"),
        ({"required_hours": 1.0, "good_weeks": 1, "language": "es"}, "Participe 1 hora por semana durante 1 semana."),
    ],
)
def test_hours_and_weeks_are_written_as_one_says_them(changes: dict[str, object], said: str):
    assert said in letter_text(**changes)


OFFERED = {
    "en": [
        "Oregon Department of Human Services, JOBS program",
        "February 4, 2026",
        "Dear Ana Muñoz Peña:",
        "Why you are getting this letter On February 3, 2026, the team that works on your case held a re-engagement",
        "After that staffing, the Oregon Department of Human Services applied a JOBS disqualification (DQ1) to you.",
        "This step is based on OR DQ1 Guide.",
        "Your family coach will continue to reach out to you",
        "State Family Pre-SSI Program. It helps adults with a disability who apply for Social Security disability",
        "Family Support and Connections. It supports families. It is free, and joining is your choice.",
        "To get one or to learn more, call or visit us. Our phone number is 503-555-0136.",
        "You can tell us something new at any time: for example, about an exemption or good cause",
        "The team will look at the decision again and change it if needed.",
        "You can also ask for a new staffing at any time, and the team will make a new decision.",
        "a community partner with form MCS 3010 on file can ask too",
        "Portland Sample Family Services 1500 Invented Avenue Suite 10 Portland, OR 97201",
        "Office hours: Monday to Friday, 7:00 a.m. to 6:00 p.m.",
        "¿Prefiere esta carta en español? Llámenos al 503-555-0136.",
        "Letter 1 Reference: or-jobs/C-2077/letter/1",
        "Page 1 of 1",
    ],
    "es": [
        "Departamento de Servicios Humanos de Oregon, programa JOBS",
        "4 de febrero de 2026",
        "Estimado(a) Ana Muñoz Peña:",
        "Por qué recibe esta carta El 3 de febrero de 2026, el equipo que trabaja en su caso tuvo una reunión de",
        "Después de esa reunión, el Departamento de Servicios Humanos de Oregon le aplicó una descalificación de JOBS",
        "Este paso se basa en OR DQ1 Guide.",
        "Su asesor(a) familiar (family coach) seguirá comunicándose con usted",
        "State Family Pre-SSI Program. Ayuda a personas adultas con una discapacidad que solicitan beneficios por",
        "Family Support and Connections. Apoya a las familias. Es gratis y voluntario.",
        "Para obtener uno o saber más, llámenos o visítenos. Nuestro número de teléfono es 503-555-0136.",
        "Puede decirnos algo nuevo en cualquier momento: por ejemplo, sobre una exención o una causa justificada",
        "El equipo volverá a examinar la decisión y la cambiará si es necesario.",
        "También puede pedir una nueva reunión en cualquier momento, y el equipo tomará una nueva decisión.",
        "un socio comunitario con el formulario MCS 3010 registrado",
        "Portland Sample Family Services 1500 Invented Avenue Suite 10 Portland, OR 97201",
        "Horario de oficina: de lunes a viernes, de 7:00 a.m. a 6:00 p.m.",
        "Do you want this letter in English? Call us at 503-555-0136.",
        "Carta 1 Referencia: or-jobs/C-2077/letter/1",
        "Página 1 de 1",
    ],
}


@pytest.mark.parametrize("language", OFFERED)
def test_an_offer_says_what_was_decided_which_resources_there_are_and_how_the_decision_may_change(language: str):
    text = offer_text(language=language)

    missing = [part for part in OFFERED[language] if part not in text]
    assert missing == []
    body = OFFERED[language][2:14]
    assert [text.index(part) for part in body] == sorted(text.index(part) for part in body)


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(
    "resources", [("Family Support and Connections",), ("Sample Garden", "State Family Pre-SSI Program", "Sample Loan")]
)
def test_every_resource_offered_and_no_other_is_named_one_that_is_not_known_by_its_name_alone(
    language: str, resources: tuple[str, ...]
):
    text = offer_text(language=language, resources=resources)

    items = re.findall(r"• (.*?)\.(?= |$)", text)
    assert items == list(resources)
    for unknown in (name for name in resources if name.startswith("Sample")):
        assert re.search(rf"• {unknown}\. (•|To get one|Para obtener uno)", text)


@pytest.mark.parametrize(
    ("language", "sensitive"),
    [
        ("en", ("violence", "mental", "substance", "health", "no good cause", "attend", "comply")),
        ("es", ("violencia", "mental", "sustancias", "salud", "sin causa", "asist", "cumpl")),
    ],
)
def test_an_offer_gives_no_reason_for_the_disqualification(language: str, sensitive: tuple[str, ...]):
    text = offer_text(language=language).lower()

    assert [word for word in sensitive if word in text] == []


@pytest.mark.parametrize("code", DIRECTORY.providers)
def test_a_letter_carries_the_name_address_and_phone_of_the_provider_it_is_sent_by(code: str):
    provider = DIRECTORY.get(code)
    text = text_of(render(command(provider=code), provider, DATED))

    for part in (provider.name, *provider.address.lines, provider.address.postal_code, provider.phone):
        assert part in text
    assert ("Office hours:" in text) == (provider.office_hours is not None)


def with_document(**changes: object) -> SendLetter:
    return command(documents_needed=("Pay stubs",), **changes)


@pytest.mark.parametrize(
    ("letter", "language", "title", "lists", "items"),
    [
        (with_document, "en", "How to begin taking part and end your sanction", 2, 5),
        (with_document, "es", "Cómo empezar a participar y terminar su sanción", 2, 5),
        (offer, "en", "Resources for you and your family", 1, 2),
        (offer, "es", "Recursos para usted y su familia", 1, 2),
    ],
)
def test_a_letter_is_a_tagged_pdf_that_declares_pdf_ua_1(
    letter: Callable[..., LetterCommand], language: str, title: str, lists: int, items: int
):
    pdf = pikepdf.open(BytesIO(render(letter(language=language), PROVIDER, DATED)))

    assert pdf.Root.MarkInfo.Marked
    assert pdf.Root.Lang == f"{language}-US"
    assert pdf.Root.ViewerPreferences.DisplayDocTitle
    assert pdf.docinfo["/Title"] == title
    with pdf.open_metadata() as metadata:
        assert metadata["pdfuaid:part"] == "1"
        assert metadata["dc:title"] == title
    tags = tags_under(pdf.Root.StructTreeRoot.K)
    assert [tag for tag in tags if re.fullmatch(r"/H\d", tag)] == ["/H1", "/H2", "/H2", "/H2", "/H2"]
    assert tags.count("/L") == lists
    assert tags.count("/LI") == items


def test_a_spanish_offer_is_read_aloud_in_english_where_a_resource_is_named():
    def english_runs(*resources: str) -> int:
        pdf = pikepdf.open(BytesIO(render(offer(language="es", resources=resources), OFFICE, DATED)))
        return sum(page.Contents.read_bytes().count(b"/Lang(en-US)") for page in pdf.pages)

    assert english_runs("Sample Garden", "Sample Loan") == english_runs("Sample Garden") + 1


@every_letter
def test_every_font_of_a_letter_comes_with_it(letter: Callable[..., LetterCommand]):
    pdf = pikepdf.open(BytesIO(render(letter(language="es"), PROVIDER, DATED)))

    fonts = [font.DescendantFonts[0] for page in pdf.pages for font in page.Resources.Font.values()]
    assert fonts
    for font in fonts:
        assert "Libertinus" in str(font.BaseFont)
        assert "/FontFile3" in font.FontDescriptor or "/FontFile2" in font.FontDescriptor


def test_a_letter_with_everything_in_it_is_one_page_and_one_with_long_lists_has_as_many_as_it_needs():
    everything = {"assessment_needed": True, "documents_needed": ("Pay stubs", "School record")}
    many = tuple(f"Document number {number}" for number in range(1, 61))

    for language in ("en", "es"):
        assert "1 de 1" in (text := letter_text(language=language, **everything)) or "1 of 1" in text
    text = letter_text(documents_needed=many)
    assert all(document in text for document in many)
    assert "Page 2 of 3" in text


LITERAL = [
    '#panic("x")',
    "#sys.inputs",
    "$x^2$ *bold* _it_ `code`",
    "@label <label> [content] {code}",
    "= heading",
    "- item",
    "+ step",
    "https://example.org // no comment /* none */",
    'O\'Brien "Q" \\ ~ -- ...',
    "Ñandú Žižek Nguyễn Łukasz",
    '"}, "number": 99, {"',
]


@pytest.mark.parametrize("written", LITERAL)
def test_whatever_a_resource_is_called_prints_as_written(written: str):
    assert f"• {written}. To get one" in offer_text(resources=(written,))


@pytest.mark.parametrize("written", LITERAL)
def test_whatever_a_name_an_address_or_a_document_is_called_prints_as_written(written: str):
    address = HOME.model_copy(update={"lines": (written,)})

    text = letter_text(name=written, address=address, documents_needed=(written,))

    assert f"Dear {written}:" in text
    assert f"{written} {written} St. Louis, MO 63101" in text
    assert f"• {written} 4." in text


@pytest.mark.parametrize("text", [letter_text, offer_text])
def test_a_line_break_in_a_name_does_not_move_the_address(text: Callable[..., str]):
    assert "Ana Muñoz Peña 1200 Sample Street" in text(name="Ana\n\n\nMuñoz\r\n\tPeña")


def test_the_longest_lines_a_case_accepts_still_make_a_letter():
    longest = "W" * 200
    address = Address(lines=(longest,) * 4, city=longest, state="MO", postal_code="63101-1234")

    long = {"name": longest, "address": address, "effect": "case/" + "x" * 1000}
    letter = letter_text(**long, documents_needed=(longest,))
    resources = offer_text(**long, resources=(longest,))

    assert letter.replace(" ", "").count(longest) == 8
    assert resources.replace(" ", "").count(longest) == 8


@pytest.mark.parametrize(
    ("letter", "parts"),
    [
        (command(name="王小明"), ["name"]),
        (command(documents_needed=("ok", "\U0001f600")), ["documents_needed"]),
        (command(name="a\x00b", address=HOME.model_copy(update={"city": "東京"})), ["name", "address"]),
        (offer(name="王小明"), ["name"]),
        (offer(name="王小明", resources=("Family Support and Connections", "支援")), ["name", "resources"]),
    ],
)
def test_what_no_font_can_print_is_refused_by_part_and_never_quoted(letter: LetterCommand, parts: list[str]):
    with pytest.raises(Unprintable) as refused:
        render(letter, PROVIDER, DATED)

    assert refused.value.parts == parts
    assert all(part in str(refused.value) for part in parts)
    assert str(refused.value).isascii()
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None


@every_letter
def test_the_same_letter_is_the_same_bytes_whenever_it_is_made(letter: Callable[..., LetterCommand]):
    once = render(letter(), PROVIDER, DATED)

    assert render(letter(), PROVIDER, DATED) == once
    assert render(letter(), PROVIDER, date(2026, 2, 5)) != once
    pdf = pikepdf.open(BytesIO(once))
    assert pdf.docinfo["/CreationDate"] == "D:20260204000000Z"


@every_letter
def test_the_documents_properties_tell_nothing_about_the_participant(letter: Callable[..., LetterCommand]):
    pdf = pikepdf.open(BytesIO(render(letter(), PROVIDER, DATED)))

    properties = " ".join(map(str, pdf.docinfo.values())) + pdf.Root.Metadata.read_bytes().decode()
    assert "Muñoz" not in properties
    assert "Sample Street" not in properties


@every_letter
@pytest.mark.parametrize("language", ["en", "es"])
def test_the_envelope_window_shows_the_address_and_nothing_else(letter: Callable[..., LetterCommand], language: str):
    inch = 72
    seen: list[str] = []

    def look(text: str, page: list[float], line: list[float], *_: object) -> None:
        across = (line[4] * page[0] + line[5] * page[2] + page[4]) / inch
        down = 11 - (line[4] * page[1] + line[5] * page[3] + page[5]) / inch
        if text.strip() and across < 5.4 and 2.0 < down < 3.75:
            seen.append(text.strip())

    page = PdfReader(BytesIO(render(letter(language=language), PROVIDER, DATED))).pages[0]
    page.extract_text(visitor_text=look)

    assert " ".join(" ".join(seen).split()) == "Ana Muñoz Peña 1200 Sample Street Apt. 4B St. Louis, MO 63101"


def test_an_unknown_provider_code_is_named():
    with pytest.raises(UnknownProvider, match="MWA-NOWHERE") as unknown:
        DIRECTORY.get("MWA-NOWHERE")
    assert unknown.value.code == "MWA-NOWHERE"


GOOD = """\
providers:
  - code: MWA-A
    name: A
    address: {lines: [1 Street], city: Rolla, state: MO, postal_code: "65401"}
    phone: 573-555-0100
    counties: [Phelps]
  - code: MWA-B
    name: B
    address:
      lines: [2 Street]
      city: Rolla
      state: MO
      postal_code: "65401"
    phone: 573-555-0101
    counties: [Phelps]
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('      postal_code: "65401"', "      postal_code: 65401", "line 13, entry 2 (MWA-B), address.postal_code:"),
        ('      postal_code: "65401"', "      postal_code: 65401", "expected five digits in quotes"),
        ("573-555-0101", "5735550101", "line 14, entry 2 (MWA-B), phone:"),
        ("573-555-0101", "5735550101", "expected ten digits such as 314-555-0142"),
        ("    name: B\n", "", "line 7, entry 2 (MWA-B), name: Field required"),
        ("state: MO, ", "state: Missouri, ", "line 4, entry 1 (MWA-A), address.state:"),
        ("code: MWA-B", "code: MWA-A", "line 7, entry 2 (MWA-A), code: given twice"),
        ("code: MWA-B", "code: ''", "expected a unique code"),
        ("name: B", "name: B\n    fax: 1", "line 9, entry 2 (MWA-B), fax: Extra inputs"),
        ("providers:", "provider:", "providers: Field required; expected a list under `providers`"),
        (GOOD, "", "line 1, providers: Field required"),
        (GOOD, "providers: [1]", "line 1, entry 1 (not a table)"),
        (GOOD, "- a", "line 1"),
        ("name: B", "name: [", "is not YAML"),
    ],
)
def test_a_wrong_provider_file_is_refused_by_line_entry_and_field(tmp_path: Path, old: str, new: str, said: str):
    file = tmp_path / "providers.yaml"
    file.write_text(GOOD.replace(old, new))

    with pytest.raises(BadProviderFile) as refused:
        ProviderDirectory.load(file)

    assert str(file) in str(refused.value)
    assert said in str(refused.value)


def test_a_right_provider_file_gives_every_provider_by_its_code(tmp_path: Path):
    file = tmp_path / "providers.yaml"
    file.write_text(GOOD)

    assert sorted(ProviderDirectory.load(file).providers) == ["MWA-A", "MWA-B"]
    assert ProviderDirectory.load(file).get("MWA-B").phone == "573-555-0101"
