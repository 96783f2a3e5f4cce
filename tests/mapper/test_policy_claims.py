"""What a payer's policy and the settings make of a claim: components, codes, modifiers, rates, limits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import polars as pl
import pytest
from mapper_frames import (
    AS_OF,
    DOCTOR,
    FEB_2,
    POLICIES,
    SETTINGS,
    authorizations,
    clients,
    days,
    encounters,
    history,
    providers,
)

from edi_iop import parsers
from edi_iop.errors import BadPolicy
from edi_iop.findings import Finding
from edi_iop.mapper import Built, Numbers, build, propose
from edi_iop.mapper.withdrawn import withdrawn
from edi_iop.rules import policy as policies
from edi_iop.rules.billing import Billing
from edi_iop.rules.parameters import Telehealth
from edi_iop.rules.policy import Policy
from edi_iop.settings import Facility, Rate, Settings
from edi_iop.tables import VIOLATIONS
from tests.referee import verdict

COMPONENTS = {
    "group": {"procedure": "G0410", "revenue": "0915"},
    "education": {"procedure": "G0177", "revenue": "0942"},
    "individual": {"procedure": "G0176", "revenue": "0904", "minutes_per_unit": 45},
}
MEDICARE = {
    "components": COMPONENTS,
    "codes": {
        "condition": ["92"],
        "occurrence": [{"code": "11", "on": "admission"}],
        "span": [{"code": "72", "first": "statement_from", "last": "statement_to"}],
        "value": [{"code": "80"}, {"code": "A1", "amount": "12.50"}],
    },
}
COMPONENT_CHARGES = {"G0410": "90.00", "G0177": "60.00", "G0176": "45.00", "H0015": "350.00"}


def billed(
    day_frame: pl.DataFrame,
    events: pl.DataFrame | None = None,
    *,
    settings: Settings = SETTINGS,
    telehealth: Telehealth | None = None,
    people: pl.DataFrame | None = None,
    roster: pl.DataFrame | None = None,
    terms: Mapping[str, Any] | None = None,
    **billing: Any,
) -> tuple[Built, list[Finding]]:
    """Harbor's claims of these days under its policy with this [billing] section, and these terms."""
    harbor = msgspec.structs.replace(
        POLICIES["HARBR"].under(terms or {}),
        billing=msgspec.convert(billing, Billing),
        telehealth=telehealth or Telehealth(),
    )
    known: Mapping[str, Policy] = {**POLICIES, "HARBR": harbor}
    who = clients({}) if people is None else people
    lines, findings, _ = propose(
        day_frame,
        encounters() if events is None else events,
        who,
        authorizations({"program_track": None}),
        known,
        settings,
        AS_OF,
    )
    made = build(
        lines,
        VIOLATIONS.empty(),
        who,
        providers() if roster is None else roster,
        day_frame,
        settings,
        known,
        Numbers(1),
        datetime(2026, 3, 10, 9, 30),
    )
    return made, findings


def sessions(*kinds: str, **more: Any) -> pl.DataFrame:
    """Attended, signed sessions of one day, in turn."""
    return encounters(
        *(
            {"source_record_id": f"R{n}", "row": n, "service_type": kind, "minutes": 60} | more
            for n, kind in enumerate(kinds)
        )
    )


def charging(**charges: str) -> Settings:
    return msgspec.structs.replace(SETTINGS, charges=charges)


def rows(made: Built, table: str, *columns: str) -> list[tuple[Any, ...]]:
    return made.tables[table].select(columns).rows()


def test_components_are_lines_of_their_own_and_no_per_diem() -> None:
    """Two groups are two units of one line; a 60-minute session in units of 45 minutes is one."""
    events = sessions("group", "education", "group", "individual")
    made, findings = billed(
        days({"encounters": ["R0", "R1", "R2", "R3"]}),
        events,
        settings=charging(**COMPONENT_CHARGES),
        components=COMPONENTS,
    )
    assert findings == []
    assert sorted(rows(made, "claim_lines", "revenue", "procedure", "units", "charge_cents")) == [
        ("0904", "G0176", 1.0, 4500),
        ("0915", "G0410", 2.0, 18000),
        ("0942", "G0177", 1.0, 6000),
    ]
    assert made.tables["claims"].height == 1
    assert [verdict(file.content) for file in made.files] == [(True, [])]


SHORT = {"duration": {"short_day": "components"}}


@pytest.mark.parametrize(
    ("minutes", "expected", "auth_number"),
    [
        pytest.param(179, [("0915", "G0410", 2.0), ("0942", "G0177", 1.0)], None, id="short"),
        pytest.param(180, [("0906", "H0015", 1.0)], "A1", id="long"),
    ],
)
def test_a_short_day_is_its_services_where_the_policy_says_so(
    minutes: int, expected: list[tuple[str, str, float]], auth_number: str | None
) -> None:
    """Even where the EHR asks for the per diem; the authorization is the per diem's."""
    events = sessions("group", "education", "group", procedure="H0015", units=1.0)
    made, findings = billed(
        days({"minutes": minutes, "unsigned_minutes": minutes, "encounters": ["R0", "R1", "R2"]}),
        events,
        settings=charging(**COMPONENT_CHARGES),
        terms=SHORT,
        components=COMPONENTS,
    )
    assert findings == []
    assert sorted(rows(made, "claim_lines", "revenue", "procedure", "units")) == expected
    assert rows(made, "claims", "auth_number") == [(auth_number,)]
    assert [verdict(file.content) for file in made.files] == [(True, [])]


@pytest.mark.parametrize(
    ("minutes", "units", "short"),
    [((44,), [], [44]), ((45,), [1.0], []), ((25, 25), [1.0], []), ((60, 60), [2.0], [])],
)
def test_services_are_billed_in_whole_units_of_their_minutes_together(
    minutes: tuple[int, ...], units: list[float], short: list[int]
) -> None:
    """Individual sessions in units of 45 minutes; what is less than one is told and not billed."""
    events = encounters(
        *(
            {"source_record_id": f"R{n}", "service_type": "individual", "minutes": one}
            for n, one in enumerate(minutes)
        )
    )
    harbor = POLICIES["HARBR"].under({**SHORT, "billing": {"components": COMPONENTS}})
    found = propose(
        days({"minutes": sum(minutes), "unsigned_minutes": sum(minutes)}),
        events,
        clients({}),
        authorizations({}),
        {**POLICIES, "HARBR": harbor},
        charging(**COMPONENT_CHARGES),
        AS_OF,
    )
    assert found.lines["units"].to_list() == units
    told = found.hindered.select("rule", "says").rows()
    assert told == [("SERVICE_SHORT", f"G0176: {one} minutes, and a unit is 45") for one in short]


def test_a_day_that_is_short_only_until_its_notes_are_signed_stays_a_day() -> None:
    made, _ = billed(
        days({"minutes": 120, "unsigned_minutes": 180}), terms=SHORT, components=COMPONENTS
    )
    assert rows(made, "claim_lines", "procedure") == [("H0015",)]


def test_a_short_day_draws_nothing_from_the_authorization() -> None:
    """One unit authorized, a short day and a long one: the long one has it."""
    later = FEB_2 + timedelta(days=1)
    harbor = POLICIES["HARBR"].under({**SHORT, "billing": {"components": COMPONENTS}})
    lines, *_ = propose(
        days({"minutes": 60, "unsigned_minutes": 60}, {"service_date": later}),
        encounters({}, {"source_record_id": "R2", "service_date": later}),
        clients({}),
        authorizations({"units": 1.0}),
        {**POLICIES, "HARBR": harbor},
        charging(**COMPONENT_CHARGES),
        AS_OF,
    )
    numbers = lines.sort("service_date").select("procedure", "auth_number").rows()
    assert numbers == [("G0410", None), ("H0015", "A1")]


def test_what_was_sent_is_withdrawn_once_the_day_is_billed_the_other_way() -> None:
    """A per diem of a day that is short by now, and services of a day that is long by now."""
    harbor = POLICIES["HARBR"].under({**SHORT, "billing": {"components": COMPONENTS}})
    policies = {**POLICIES, "HARBR": harbor}
    sent = history({}, {"line_offset": 2, "procedure": "G0410", "revenue": "0915"})

    def gone(minutes: int) -> list[int]:
        known = days({"minutes": minutes, "unsigned_minutes": minutes})
        return withdrawn(sent, known, encounters({}), policies)["line_offset"].to_list()

    assert gone(179) == [1]
    assert gone(180) == [2]
    assert withdrawn(sent, days({}), encounters({"procedure": "G0410"}), policies).is_empty()


@pytest.mark.parametrize(
    ("minutes", "units"), [(89, 1.0), (90, 1.0), (179, 1.0), (180, 2.0), (300, 2.0)]
)
def test_a_payer_of_half_days_is_billed_one_or_two(minutes: int, units: float) -> None:
    """Two of three hours; what is too short for one is left to the rules (DUR-01)."""
    pairs = [{"track": "SUD", "procedure": "H0015", "revenue": "0906", "unit_basis": "half_day"}]
    made, _ = billed(
        days({"minutes": minutes, "unsigned_minutes": minutes}), terms={"iop": {"pairs": pairs}}
    )
    assert rows(made, "claim_lines", "units", "charge_cents") == [(units, int(units) * 35000)]


def test_half_a_day_draws_half_a_day_of_the_authorization() -> None:
    """One day authorized is two half days, and no third."""
    pairs = [{"track": "SUD", "procedure": "H0015", "revenue": "0906", "unit_basis": "half_day"}]
    harbor = POLICIES["HARBR"].under({"iop": {"pairs": pairs}})
    short = {"minutes": 90, "unsigned_minutes": 90}
    three = [{"service_date": FEB_2 + timedelta(days=n), **short} for n in range(3)]
    lines, *_ = propose(
        days(*three),
        encounters({}),
        clients({}),
        authorizations({"units": 1.0}, {"auth_number": "A2", "from_date": FEB_2}),
        {**POLICIES, "HARBR": harbor},
        SETTINGS,
        AS_OF,
    )
    assert lines.sort("service_date")["auth_number"].to_list() == ["A1", "A1", "A2"]


def test_a_service_without_a_code_is_told_and_not_billed() -> None:
    made, findings = billed(
        days({}), sessions("peer"), settings=charging(**COMPONENT_CHARGES), components=COMPONENTS
    )
    assert made.files == []
    assert [finding.code for finding in findings] == ["COMPONENT_UNKNOWN"]


def test_header_codes_come_from_the_policy() -> None:
    made, _ = billed(
        days({}, {"service_date": FEB_2 + timedelta(2)}),
        sessions("group"),
        settings=charging(**COMPONENT_CHARGES),
        codes=MEDICARE["codes"],
    )
    found = made.tables["claim_codes"].select("qualifier", "code", "period", "amount_cents")
    assert found.rows() == [
        ("BI", "72", "20260202-20260204", None),
        ("BH", "11", "20260202", None),
        ("BE", "80", None, 200),
        ("BE", "A1", None, 1250),
        ("BG", "92", None, None),
    ]
    (file,) = made.files
    assert verdict(file.content) == (True, [])
    read = parsers.parse([(1, file.content)])[1].tables["claim_codes"]
    assert read.select(found.columns).rows() == found.rows()


@pytest.mark.parametrize(("track", "expected"), [("SUD", "HF"), ("MH", "HE"), ("CO", "HH")])
def test_a_per_diem_carries_the_modifier_of_its_program(track: str, expected: str) -> None:
    made, _ = billed(
        days({"program_track": track}),
        track_modifiers={"SUD": ["HF"], "MH": ["HE"], "CO": ["HH"]},
    )
    assert rows(made, "claim_lines", "modifiers") == [(expected,)]


def test_telehealth_days_carry_the_payers_modifier() -> None:
    """A day is by telehealth where every session was; of a payer that is silent MOD-01 warns."""
    remote = sessions("group", "group", telehealth="Y")
    mixed = remote.with_columns(
        telehealth=pl.when(pl.col("row") == 0).then(pl.lit("N")).otherwise("telehealth")
    )
    taken = Telehealth(allowed=True, modifiers=("GT",))
    assert rows(billed(days({}), remote, telehealth=taken)[0], "claim_lines", "modifiers") == [
        ("GT",)
    ]
    assert rows(billed(days({}), mixed, telehealth=taken)[0], "claim_lines", "modifiers") == [
        (None,)
    ]
    made, findings = billed(days({}), remote)
    assert rows(made, "claim_lines", "modifiers") == [(None,)]
    assert findings == []


def test_modifiers_of_sessions_without_a_procedure_are_on_the_days_line() -> None:
    """Each once, as they come; a telehealth one where every session has it (domain notes, section 2.9)."""
    taken = Telehealth(allowed=True, modifiers=("GT",))

    def modifiers(*given: str | None) -> list[tuple[Any, ...]]:
        events = encounters(
            *(
                {"source_record_id": f"R{n}", "row": n, "modifiers": one}
                for n, one in enumerate(given)
            )
        )
        return rows(billed(days({}), events, telehealth=taken)[0], "claim_lines", "modifiers")

    assert modifiers("HF U4", "HF", None) == [("HF U4",)]
    assert modifiers("GT HF", "GT") == [("GT HF",)]
    assert modifiers("GT HF", None) == [("HF",)]


@pytest.mark.parametrize(
    ("answer", "modifiers"),
    [
        ({"answer": "included"}, "HF HG"),
        ({"answer": "separate"}, "HF"),
        ({"answer": "separate_if", "conditions": ["mat_otp"]}, "HF"),
        ({"answer": "separate_if", "conditions": ["distinct_provider_type"]}, "HF HG"),
    ],
)
def test_modifiers_of_a_service_paid_beside_the_day_are_not_the_days(
    answer: dict[str, Any], modifiers: str
) -> None:
    """HG tells of opioid treatment: on the per diem it would say that the treatment is billed."""
    events = encounters(
        {"source_record_id": "R0", "modifiers": "HF"},
        {"source_record_id": "R1", "modifiers": "HG", "service_type": "medication"},
    )
    made, _ = billed(days({}), events, terms={"bundles": {"medication": answer}})
    assert rows(made, "claim_lines", "modifiers") == [(modifiers,)]


def test_a_service_by_telehealth_says_so_though_the_day_was_not() -> None:
    """SV202-3 of the line that was given so; the group beside it was in the room."""
    events = encounters(
        {"source_record_id": "R0", "row": 0, "minutes": 60, "telehealth": "Y"},
        {"source_record_id": "R1", "row": 1, "minutes": 60},
    )
    made, _ = billed(
        days({"encounters": ["R0", "R1"]}),
        events,
        settings=charging(**COMPONENT_CHARGES),
        telehealth=Telehealth(allowed=True, modifiers=("GT",)),
        components=COMPONENTS,
    )
    assert rows(made, "claim_lines", "procedure", "modifiers", "units") == [
        ("G0410", "GT", 1.0),
        ("G0410", None, 1.0),
    ]


def rate(start: date, charge: str, **more: Any) -> Rate:
    return Rate(procedure="H0015", from_=start, charge=charge, **more)


def test_a_rate_change_splits_the_claim_and_prices_each_part() -> None:
    settings = msgspec.structs.replace(
        SETTINGS,
        rates=(
            rate(date(2026, 1, 1), "340.00", to=date(2026, 2, 9)),
            rate(date(2026, 2, 10), "360.00"),
            rate(date(2026, 1, 1), "1.00", payer="MERID"),
        ),
    )
    made, _ = billed(
        days(*({"service_date": FEB_2 + timedelta(n)} for n in (0, 7, 8, 9))), settings=settings
    )
    assert rows(made, "claims", "charge_cents", "statement_from", "statement_to") == [
        (68000, FEB_2, date(2026, 2, 9)),
        (72000, date(2026, 2, 10), date(2026, 2, 11)),
    ]


def test_the_payers_own_rate_goes_before_one_for_all() -> None:
    settings = msgspec.structs.replace(
        SETTINGS,
        rates=(
            rate(date(2026, 1, 1), "340.00"),
            rate(date(2026, 1, 1), "333.00", payer="HARBR"),
            rate(date(2026, 1, 1), "335.00", revenue="0906"),
        ),
    )
    assert rows(billed(days({}), settings=settings)[0], "claims", "charge_cents") == [(33300,)]


SECOND = Facility(
    name="Willow East",
    npi="1023456787",
    tin="987654321",
    taxonomy="261QM0850X",
    address1="9 East Street",
    city="Springfield",
    state="IL",
    zip="627020001",
    facility_type="76",
)


def test_each_facility_bills_under_its_own_npi() -> None:
    settings = msgspec.structs.replace(SETTINGS, facilities=(SECOND,))
    events = encounters(
        {},
        {
            "source_record_id": "R2",
            "service_date": FEB_2 + timedelta(1),
            "facility_npi": SECOND.npi,
        },
    )
    made, _ = billed(days({}, {"service_date": FEB_2 + timedelta(1)}), events, settings=settings)
    assert sorted(
        rows(made, "claims", "billing_npi", "billing_name", "billing_tin", "facility_type")
    ) == [
        (SECOND.npi, "Willow East", "987654321", "76"),
        ("1993999998", "Willow House", "123456789", "13"),
    ]
    (file,) = made.files
    assert verdict(file.content) == (True, [])
    assert file.content.count(b"NM1*85*") == 2


@pytest.mark.parametrize(
    ("discharged", "expected"),
    [
        ({}, [("2", "30"), ("2", "30"), ("3", "30")]),
        (
            {"discharge_date": date(2026, 3, 9), "discharge_status": "07"},
            [("1", "01"), ("2", "30"), ("4", "07")],
        ),
    ],
)
def test_interim_bills_begin_anew_with_another_facility(
    discharged: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """Each billing provider's own sequence: January at the one, February and March at the other.

    By the discharge the first one's is over as well, where the patient left the program from the second.
    """
    settings = msgspec.structs.replace(SETTINGS, facilities=(SECOND,))
    dates = [date(2026, 1, 12), date(2026, 2, 9), date(2026, 3, 9)]
    events = encounters(
        *(
            {
                "source_record_id": f"R{n}",
                "service_date": day,
                "facility_npi": SECOND.npi if n else None,
            }
            for n, day in enumerate(dates)
        )
    )
    made, _ = billed(
        days(*({"service_date": day} | discharged for day in dates)), events, settings=settings
    )
    heads = made.tables["claims"].sort("statement_from")
    assert heads["billing_npi"].to_list() == ["1993999998", SECOND.npi, SECOND.npi]
    assert heads.select("frequency", "patient_status").rows() == expected


def test_a_facility_that_is_not_set_up_is_told() -> None:
    made, findings = billed(days({}), encounters({"facility_npi": SECOND.npi}))
    assert made.files == []
    assert [finding.code for finding in findings] == ["FACILITY_UNKNOWN"]


def test_no_claim_has_more_lines_than_the_payer_takes() -> None:
    """Seven days at three lines a claim: a day stays whole."""
    made, _ = billed(
        days(*({"service_date": FEB_2 + timedelta(n)} for n in range(7))), lines_per_claim=3
    )
    counted = made.tables["claim_lines"].group_by("claim_offset").len().sort("claim_offset")
    assert counted["len"].to_list() == [3, 3, 1]
    assert rows(made, "claims", "statement_from")[1] == (FEB_2 + timedelta(3),)


def test_more_than_five_thousand_claims_are_two_transaction_sets() -> None:
    many = [{"client_id": f"C{n}", "member_id": f"M{n}"} for n in range(5001)]
    made, _ = billed(days(*many), people=clients(*many))
    (file,) = made.files
    assert [file.content.count(text) for text in (b"ST*837*0001*", b"ST*837*0002*")] == [1, 1]
    assert made.tables["submissions"]["transaction_control"].to_list() == ["0001", "0002"]
    assert made.tables["claims"].group_by("transaction_offset").len().sort("transaction_offset")[
        "len"
    ].to_list() == [5000, 1]


def test_without_interim_bills_every_claim_is_a_first() -> None:
    made, _ = billed(days({}), interim=False)
    assert rows(made, "claims", "frequency", "patient_status") == [("1", "30")]


def test_services_beside_the_per_diem_may_go_apart() -> None:
    events = encounters(
        {},
        {
            "source_record_id": "R2",
            "procedure": "G0480",
            "revenue": "0301",
            "service_type": "drug_test",
        },
    )
    day = days({"encounters": ["R1", "R2"]})
    assert billed(day, events)[0].tables["claims"].height == 1
    assert billed(day, events, ancillary_apart=True)[0].tables["claims"].height == 2


def test_an_attending_provider_with_a_wrong_check_digit_is_told() -> None:
    wrong = DOCTOR[:-1] + "4"
    made, _ = billed(days({"attending_npi": wrong}), roster=providers({"npi": wrong}))
    assert made.files == []
    assert made.left_out.height == 1
    assert [finding.code for finding in made.findings] == ["NPI_INVALID"]


def test_a_wrong_billing_section_is_refused_with_its_key(tmp_path: Any) -> None:
    (tmp_path / "odd.toml").write_text(
        'extends = "base"\nid = "odd"\nname = "Odd"\nversion = "1"\neffective_from = 2026-01-01\n'
        'read_on = 2026-01-01\nsources = ["x"]\n[billing]\ncycle = "yearly"\n'
    )
    with pytest.raises(BadPolicy, match=r"odd\.toml.*cycle"):
        policies.load("odd", date(2026, 2, 1), (tmp_path,))
