"""The adversary: its files are valid, its truth is what its files say, and each corruption does what it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from msgspec.structs import replace

from edi_iop.desk.files import validate
from edi_iop.simulator import adversary, enough
from edi_iop.simulator.adversary import Adversary, corrupted, kinds, rewrapped
from edi_iop.simulator.corruptions import described, registry, second_answers
from edi_iop.simulator.draft import CLAIM, LINE, PAYMENT
from scripts import accuracy_answers as measured

SEED = 11
OneKind = Callable[..., Adversary]


@pytest.fixture(scope="module")
def made() -> measured.Clinic:
    return measured.clinic(SEED, clients=100, weeks=14)


@pytest.fixture(scope="module")
def mail(made: measured.Clinic) -> Adversary:
    return measured.answered(made, SEED)


@pytest.fixture(scope="module")
def one_kind(made: measured.Clinic) -> OneKind:
    """`one_kind("swap")`: the same answers, corrupted by these alone."""
    answer = measured.adjudicated(made, SEED)
    return cache(lambda *names: corrupted(answer, made.ours, SEED, names))


@pytest.fixture(scope="module")
def plain(one_kind: OneKind) -> Adversary:
    return one_kind()


def befallen(mail: Adversary, kind: str) -> pl.DataFrame:
    """The answers hit, to claims of ours."""
    ours = pl.col("true_claims").list.len() > 0
    return mail.draft.claims.filter(pl.col("kinds").list.contains(kind), ours)


def test_every_corruption_befalls_some_answer(mail: Adversary) -> None:
    named = set(mail.draft.claims["kinds"].explode().drop_nulls())
    assert named == set(kinds()) - set(adversary.OF_PAYMENTS) - set(adversary.OF_FILES)


def test_all_835s_are_valid_and_balanced(mail: Adversary, tmp_path: Path) -> None:
    """SNIP 1 to 4: corruptions change what is said, not the form it is said in."""
    for one in mail.files:
        (tmp_path / one.name).write_bytes(one.content)
    found = validate(sorted(tmp_path.iterdir()), snip={1, 2, 3, 4}).sheet.rows
    # one claim was sent with a line after its statement: the payer denies that line, and says both
    of_the_claim = pl.col("message").str.contains("remit-claim-after-lines", literal=True)
    assert found.filter(of_the_claim).height == 1
    found = found.filter(~of_the_claim)
    assert found.select("code", "message").unique().rows() == [], found.head(3).rows()


def test_the_truth_is_in_the_order_of_the_files(mail: Adversary) -> None:
    remits = measured.remits_of(file.content for file in mail.files)
    told = adversary.truth(mail)
    first = {}
    for row in told.iter_rows(named=True):
        for name in row["files"]:
            first.setdefault(name, []).append((row["returned"], row["status"]))
    parsed = remits["remit_claims"].sort("file_id", CLAIM)
    for number, one in enumerate(mail.files, 1):
        own = parsed.filter(file_id=number).select("claim", "status").rows()
        assert own == first[one.name]


def test_without_corruptions_nothing_is_changed(plain: Adversary) -> None:
    claims = plain.draft.claims
    assert claims["kinds"].list.len().sum() == 0
    sent = plain.sent["claims"]["claim"]
    ours = claims.filter(pl.col("true_claims").list.len() > 0)
    true = ours["true_claims"].list.first()
    assert ours["claim"].to_list() == sent.gather(true).to_list()
    named = plain.names.join(ours, on=CLAIM, how="semi")["named"]
    assert (named.list.len() == 1).mean() > 0.999
    assert plain.names.join(ours, on=CLAIM, how="anti")["named"].list.len().sum() == 0


def test_the_same_seed_gives_the_same_files(made: measured.Clinic, mail: Adversary) -> None:
    assert measured.answered(made, SEED).files == mail.files


def test_an_unknown_corruption_is_refused(one_kind: OneKind) -> None:
    with pytest.raises(ValueError, match="swop"):
        one_kind("swop")


@pytest.mark.parametrize(
    ("kind", "sent", "returned"),
    [
        ("cut-17", "1234-00000042-WILLOW-HOUSE", "1234-00000042-WIL"),
        ("cut-20", "1234-00000042-WILLOW-HOUSE", "1234-00000042-WILLOW"),
        ("upper", "ac0000042x", "AC0000042X"),
        ("zeros", "0011000042", "11000042"),
        ("punctuation", "1234-00000042-WILLOW-HOUSE", "123400000042WILLOWHOUSE"),
        ("punctuation", "0011000042", "0011-000042"),
        ("lost", "ac0000042x", "0"),
        ("longer", "ac0000042x", "ac0000042xA1"),
        ("prefixed", "ac0000042x", "HXac0000042x"),
    ],
)
def test_numbers(plain: Adversary, kind: str, sent: str, returned: str) -> None:
    draft = plain.draft
    one = draft.claims.select(CLAIM).head(1)
    named = draft.of_claims(pl.lit(sent).alias("claim"))
    after = registry()[kind].do(named, one, SEED).claims["claim"]
    assert after.to_list()[:2] == [returned, sent]


def test_parts_of_a_claim_make_it_up(one_kind: OneKind) -> None:
    mail = one_kind("split", "split-silent", "split-lines")
    parts = befallen(mail, "split-lines")
    charged = parts.group_by(pl.col("true_claims").list.first()).agg(pl.col("charge_cents").sum())
    sent = mail.sent["claims"]["charge_cents"]
    assert charged["charge_cents"].to_list() == sent.gather(charged["true_claims"]).to_list()
    said = set(mail.draft.remarks.filter(remark="MA15")[CLAIM])
    assert said.issuperset(pl.concat([parts, befallen(mail, "split")])[CLAIM])
    assert said.isdisjoint(befallen(mail, "split-silent")[CLAIM])


def test_merged_claims_are_two_of_one_member(made: measured.Clinic, one_kind: OneKind) -> None:
    merged = befallen(one_kind("merge"), "merge")
    merged = merged.filter(pl.col("true_claims").list.len() > 1)  # one may be another system's
    assert merged.height > 10
    assert set(merged["true_claims"].list.len()) == {2}
    member = made.ours["claims"]["member_id"]
    for pair in merged["true_claims"]:
        assert member.gather(pair).n_unique() == 1


def test_a_bundle_and_its_days(one_kind: OneKind) -> None:
    mail = one_kind("bundle")
    lines = mail.draft.lines.join(befallen(mail, "bundle"), on=CLAIM, how="semi")
    assert (lines["true_lines"].list.len() > 1).all()
    assert (lines["service_date"] < lines["service_date_to"]).all()
    sent = mail.sent["claim_lines"]["charge_cents"]
    whole = [int(sent.gather(one).sum()) for one in lines["true_lines"]]
    assert lines["charge_cents"].to_list() == whole


def test_reversals_negate_and_corrections_follow(one_kind: OneKind) -> None:
    mail = one_kind("reversed")
    rows = befallen(mail, "reversed").with_columns(true=pl.col("true_claims").list.first())
    sums = rows.group_by("true", "event").agg(pl.col("paid_cents").sum()).pivot(
        "event", index="true", values="paid_cents"
    )  # fmt: skip
    assert (sums["answer"] == -sums["reversal"]).all()
    assert (sums["correction"] < sums["answer"]).all()
    order = rows.sort("true", PAYMENT, CLAIM).group_by("true", maintain_order=True)
    assert set(order.agg(pl.col("event").str.join(" "))["event"]) == {"answer reversal correction"}


def test_recoveries_name_what_they_take_back(one_kind: OneKind) -> None:
    mail = one_kind("taken-back")
    taken = mail.draft.provider.filter(reason="WO")
    paid = mail.draft.claims.filter(pl.col("kinds").list.contains("taken-back"))["paid_cents"]
    assert Counter(taken["amount_cents"]) == Counter(paid)
    assert taken["reference"].null_count() == 0


def test_no_payment_is_below_nothing_and_balances_are_carried(mail: Adversary) -> None:
    payments = mail.draft.payments
    assert payments["amount_cents"].min() == 0
    forward = mail.draft.provider.filter(reason="FB")
    assert (forward["amount_cents"] < 0).any()
    assert (forward["amount_cents"] > 0).any()


def test_a_rewrapped_payment_reads_the_same(mail: Adversary) -> None:
    again = next(one for one in mail.files if one.name.endswith("-again.edi"))
    assert b"ISA*" not in again.content or b"~\n" not in again.content
    sent = (one.content for one in mail.files if not one.name.endswith("-again.edi"))
    plain = min((content for content in sent if b"PLB*" in content), key=len)
    one = measured.remits_of([plain])
    assert len(one["provider_adjustments"])
    for wrap in range(3):
        two = measured.remits_of([rewrapped(plain, wrap)])
        for name in ("remit_lines", "adjustments", "provider_adjustments"):
            drop = [c for c in one[name].columns if c.endswith("offset")]
            assert one[name].drop(drop).equals(two[name].drop(drop))


def test_a_reused_check_number_has_other_content(one_kind: OneKind) -> None:
    mail = one_kind("reused-check")
    twice = mail.draft.payments.filter(pl.len().over("payer_id", "trace_number") > 1)
    assert twice.height >= 2
    assert twice[PAYMENT].n_unique() == twice.height


def test_the_truth_names_what_befell_payments_and_files(mail: Adversary) -> None:
    """Each claim of a payment tells it: adjusted by PLB rows of no claim, its number used again."""
    told = adversary.truth(mail).explode("corruptions")
    assert set(told["corruptions"].drop_nulls()) == set(kinds())
    befell = {
        name: set(told.filter(corruptions=name)["transaction"])
        for name in (*adversary.OF_PAYMENTS, *adversary.OF_FILES)
    }
    paid = mail.draft.payments.rename({"transaction_control": "transaction"})
    holds = set(told["transaction"])
    levied = mail.draft.provider.filter(pl.col("reason").is_in(["CS", "72", "AP", "J1", "IR"]))
    own = paid.join(levied, on=PAYMENT, how="semi")
    assert befell["adjusted"].issuperset(holds.intersection(own["transaction"]))
    twice = paid.filter(pl.len().over("payer_id", "trace_number") > 1)["transaction"]
    assert befell["reused-check"] <= set(twice)
    files = told.select("transaction", pl.col("files").list.len())
    assert befell["rewrapped"] == set(files.filter(files=2)["transaction"])


# -- who answers


def with_payers(mail: Adversary, kind: str) -> pl.DataFrame:
    """The answers hit beside who answers (payer_id) and what the claim they truly answer says
    (sent_payer, sent_place, sent_number)."""
    sent = mail.sent["claims"].select(
        true=pl.int_range(pl.len(), dtype=pl.Int64), sent_payer="payer_id",
        sent_place="payer_responsibility", sent_number="claim", sent_member="member_id",
    )  # fmt: skip
    return (
        befallen(mail, kind)
        .with_columns(true=pl.col("true_claims").list.first())
        .join(sent, on="true")
        .join(mail.draft.payments.select(PAYMENT, "payer_id", "payer_name"), on=PAYMENT)
    )


def test_the_store_has_claims_of_second_payers_and_twins(made: measured.Clinic) -> None:
    claims = made.ours["claims"]
    assert claims.filter(payer_responsibility="S").height > 20
    person = ("subscriber_last_name", "subscriber_first_name", "statement_from")
    of_two = claims.group_by(person).agg(pl.col("payer_id").n_unique())
    assert (of_two["payer_id"] > 1).sum() > 20
    for alike in ("claim", "member_id"):
        payers = claims.group_by(alike).agg(pl.col("payer_id").n_unique())
        assert (payers["payer_id"] > 1).sum() > 1


def test_another_payer_answers_that_is_billed_too(made: measured.Clinic, one_kind: OneKind) -> None:
    """Who answers cannot be meant, and nothing tells why: no claim is named, but all are hinted."""
    mail = one_kind("other-payer")
    hit = with_payers(mail, "other-payer")
    assert set(hit["payer_id"]) <= set(made.ours["claims"]["payer_id"])
    assert (hit["payer_id"] != hit["sent_payer"]).all()
    first = hit.filter(status="1").join(mail.names, on=CLAIM)
    assert first["named"].list.len().sum() == 0


@pytest.mark.parametrize("kind", ["successor", "renamed-payer"])
def test_a_payer_that_nobody_billed_takes_nothing_from_what_tells(
    made: measured.Clinic, one_kind: OneKind, kind: str
) -> None:
    mail = one_kind(kind)
    hit = with_payers(mail, kind)
    billed = made.ours["claims"].select("payer_id", "payer_name")
    unknown = hit.join(billed, on=("payer_id", "payer_name"), how="anti")
    assert unknown.height == hit.height > 10
    same_id, same_name = (
        hit.join(billed, on=name, how="semi").height for name in ("payer_id", "payer_name")
    )
    assert (same_id > 0, same_name > 0) == (kind == "renamed-payer",) * 2
    assert sum(decided(mail, kind)) / hit.height > 0.9


def test_what_was_forwarded_is_answered_by_two_payers(one_kind: OneKind) -> None:
    """The second one under the first one's number, with what was left to the patient."""
    mail = one_kind("crossed-over")
    hit = with_payers(mail, "crossed-over")
    second = hit.filter(event="crossed over")
    assert (second["claim"] == second["sent_number"]).all()
    assert (second["payer_id"] != second["sent_payer"]).all()
    assert set(second["status"]) == {"2", "3", "20", "21"}
    first = hit.filter(event="answer")
    assert (first["payer_id"] == first["sent_payer"]).all()
    assert set(first["status"]) == {"1", "19"}
    both = first.join(second, on="true", suffix="_second")
    assert both.height == first.height == second.height
    assert (both["paid_cents_second"] == both["patient_cents"]).all()
    assert all(decided(mail, "crossed-over"))


def test_a_second_payer_that_was_billed_answers_its_own(
    made: measured.Clinic, one_kind: OneKind
) -> None:
    mail = one_kind("crossed-billed")
    hit = with_payers(mail, "crossed-billed")
    assert hit.height > 5
    assert set(hit["sent_place"]) == {"S"}
    assert set(hit["status"]) <= {"2", "20"}
    assert (hit["claim"] != hit["sent_number"]).all()
    firsts = made.ours["claims"].filter(payer_responsibility="P")
    assert set(hit["claim"]) & set(firsts["claim"])
    known = hit["payer_id"] == hit["sent_payer"]
    assert known.any()
    assert not known.all()
    assert (hit["payer_id"].str.strip_suffix("2") == hit["sent_payer"]).all()
    right = decided(mail, "crossed-billed")
    assert sum(right) / len(right) > 0.8


def test_a_claim_of_two_payers_stays_one_beside_another_alike(plain: Adversary) -> None:
    """Of another patient of the name, say: the second payer was billed all the same, but whose
    number is the first one's nobody can tell."""
    pairs = second_answers(plain.draft)
    one = pairs.drop_nulls("first_number").head(1)
    more, copy = plain.draft.copied(one.select(CLAIM), 0, "answer")
    alike = second_answers(more)
    assert set(alike[CLAIM]) == {*pairs[CLAIM], *copy[CLAIM]}
    named = set(pairs.drop_nulls("first_number")[CLAIM])
    assert set(alike.drop_nulls("first_number")[CLAIM]) == named - set(one[CLAIM])


def test_without_its_line_numbers_and_member_a_second_payer_is_known_by_the_person_alone(
    one_kind: OneKind,
) -> None:
    """Its own claim is there: the number of the first one's is not believed, and no other named."""
    mail = one_kind("crossed-billed")
    hit = befallen(mail, "crossed-billed").select(CLAIM)
    draft = mail.draft
    for kind in ("no-6r", "member"):
        draft = registry()[kind].do(draft, hit, SEED)
    known = with_payers(mail, "crossed-billed").filter(pl.col("payer_id") == pl.col("sent_payer"))
    named = enough.named(draft, mail.sent).join(known, on=CLAIM, how="semi")["named"]
    assert named.list.len().sum() == 0


@pytest.mark.parametrize(
    ("kind", "alike"), [("twin-number", "claim"), ("twin-member", "member_id")]
)
def test_twins_of_two_payers_are_told_by_the_rest(
    made: measured.Clinic, one_kind: OneKind, kind: str, alike: str
) -> None:
    mail = one_kind(kind)
    hit = with_payers(mail, kind)
    assert hit.height > 5
    payers = made.sent["claims"].group_by(alike).agg(pl.col("payer_id").n_unique())
    shared = set(payers.filter(pl.col("payer_id") > 1)[alike])
    own = hit["sent_number" if kind == "twin-number" else "sent_member"]
    assert shared.issuperset(own)
    assert set(hit["claim"]) == {"0"} or kind == "twin-number"
    lines = mail.draft.lines.join(hit, on=CLAIM, how="semi")
    assert lines["line_control"].null_count() == lines.height
    assert sum(decided(mail, kind)) / hit.height > 0.9


# -- what is left to decide by


def decided(mail: Adversary, kind: str) -> list[bool]:
    own = befallen(mail, kind).join(mail.names, on=CLAIM)
    return (own["named"] == own["true_claims"].list.sort()).to_list()


@pytest.mark.parametrize("kind", ["swap", "lost", "no-6r", "cut-17", "member", "split"])
def test_one_thing_lost_leaves_enough(one_kind: OneKind, kind: str) -> None:
    right = decided(one_kind(kind), kind)
    assert sum(right) / len(right) > 0.9


def test_another_person_under_number_and_line_numbers_made_of_it_is_not_told(
    one_kind: OneKind,
) -> None:
    """But one of whom the first name is left, or whose line numbers are of their own making."""
    mail = one_kind("people-swap")
    strangers = befallen(mail, "people-swap").select(CLAIM, "true_claims", "claim")
    named = enough.named(mail.draft, mail.sent).join(strangers, on=CLAIM)
    right = named["named"] == named["true_claims"]
    assert right.mean() < 0.1  # of some the two people are of one first name
    own = {
        name: rows.with_columns(line_control=pl.format("P{}", pl.col("line_control").hash()))
        for name, rows in (("sent", mail.sent["claim_lines"]), ("answer", mail.draft.lines))
    }
    draft = replace(mail.draft, lines=own["answer"])
    named = enough.named(draft, mail.sent | {"claim_lines": own["sent"]}).join(strangers, on=CLAIM)
    assert (named["named"] == named["true_claims"]).mean() > 0.6  # the others came back without


def test_number_and_line_numbers_and_person_lost_leave_nothing(plain: Adversary) -> None:
    draft, all_claims = plain.draft, plain.draft.claims.select(CLAIM)
    for kind in ("lost", "no-6r", "member", "name"):
        draft = registry()[kind].do(draft, all_claims, SEED)
    named = enough.named(draft, plain.sent)["named"]
    assert named.list.len().sum() == 0


def test_lines_alike_without_days_and_numbers_are_not_told(plain: Adversary) -> None:
    """Days of one code and charge: without day and number each may be any."""
    draft, all_claims = plain.draft, plain.draft.claims.select(CLAIM)
    for kind in ("no-dates", "no-6r"):
        draft = registry()[kind].do(draft, all_claims, SEED)
    told = enough.lines_named(draft, plain.sent).join(draft.lines, on=LINE)
    alike = pl.len().over(CLAIM, "procedure", "charge_cents")
    assert not told.filter(alike > 1)["line_decides"].any()
    assert told.filter(alike == 1)["line_decides"].all()


@pytest.mark.parametrize("kind", ["punctuation", "mistyped"])
def test_nothing_befalls_an_answer_twice(one_kind: OneKind, kind: str) -> None:
    """A hyphen that comes and goes again leaves the number as it was sent, and the label untrue."""
    mail = one_kind(kind)
    hit = befallen(mail, kind)
    assert hit.height > 0
    assert hit["kinds"].list.len().max() == 1
    sent = mail.sent["claims"]["claim"].gather(hit["true_claims"].list.first())
    assert (hit["claim"] != sent).all()


def test_what_is_not_there_cannot_be_lost(plain: Adversary) -> None:
    """A physician's claim has no revenue codes, and many an answer no dates but its lines'."""
    bare = replace(
        plain.draft,
        lines=plain.draft.lines.with_columns(revenue=pl.lit(None, pl.String)),
        claims=plain.draft.claims.with_columns(statement_from=pl.lit(None, pl.Date)),
    )
    for draft, there in ((plain.draft, True), (bare, False)):
        known = described(draft, SEED)
        for kind in ("no-revenue", "no-statement"):
            assert known.select(registry()[kind].able.any()).item() is there
