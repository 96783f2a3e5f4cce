"""ISA: the separators of an interchange (X12.5)."""

from __future__ import annotations

import pytest

from edi_iop.x12 import separators as sep

ISA = (
    b"ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       "
    b"*260101*0800*^*00501*000000001*0*T*:~"
)


def test_padded_isa_names_its_four_separators() -> None:
    header = sep.of_isa(ISA, 0)
    assert header is not None
    assert header.unpadded is None
    assert header.separators == sep.Separators(b"*", b":", b"~", b"^")


def test_unpadded_isa_is_read_by_counting_elements() -> None:
    header = sep.of_isa(b"ISA|00||00||ZZ|A|ZZ|B|260101|0800|^|00501|1|0|T|>\n", 0)
    assert header is not None
    assert header.unpadded is not None
    assert header.separators == sep.Separators(b"|", b">", b"\n", b"^")


def test_elements_whose_widths_make_up_for_one_another_are_named() -> None:
    data = ISA.replace(b"*00501*000000001*", b"*005010*00000001*")
    assert len(data) == len(ISA)
    header = sep.of_isa(data, 0)
    assert header is not None
    assert header.unpadded is not None
    assert header.unpadded.says == "ISA: elements not of their fixed widths: 12, 13"
    assert header.unpadded.element is None


@pytest.mark.parametrize(
    ("standard", "version"), [(b"U", b"00501"), (b"^", b"00401"), (b"U", b"00401")]
)
def test_no_repetition_separator(standard: bytes, version: bytes) -> None:
    data = ISA.replace(b"*^*", b"*" + standard + b"*").replace(b"00501", version)
    header = sep.of_isa(data, 0)
    assert header is not None
    assert header.separators.repetition is None


@pytest.mark.parametrize("length", [0, 3, 4, 50, 104])
def test_cut_off_isa_is_none(length: int) -> None:
    assert sep.of_isa(ISA[:length], 0) is None


def test_two_separators_alike_clash() -> None:
    assert sep.Separators(b"*", b"*", b"~").clash
    assert not sep.DEFAULT.clash


@pytest.mark.parametrize("parts", [b":", b">"])
@pytest.mark.parametrize("isa16", [b"A", b"7", b" ", b"*", b"~", b""])
def test_a_component_separator_that_is_none_is_taken_from_the_composites(
    isa16: bytes, parts: bytes
) -> None:
    data = ISA.replace(b"*T*:~", b"*T*" + isa16 + b"~") + b"GS*HP*A~SVC*HC" + parts + b"H0015*1~"
    header = sep.of_isa(data, 0)
    assert header is not None
    assert header.separators == sep.Separators(b"*", parts, b"~", b"^")
    assert header.fault is not None
    assert header.fault.element == 16


@pytest.mark.parametrize(
    "composites",
    [b"SVC*HC%bH0015*1~", b"CLM*ABC-12*758***13%bA%b1**A*Y*Y~", b"N1*PR*DELHI~\nHI*ABK%bF1020~"],
)
def test_a_separator_that_parts_no_composite_is_not_gone_by(composites: bytes) -> None:
    """ISA16 says `>` and every composite is parted by `:`."""
    isa = ISA.replace(b"*T*:~", b"*T*>~") + b"GS*HP*A~PER*BL**UR*http>x~"
    header = sep.of_isa(isa + composites.replace(b"%b", b":"), 0)
    assert header is not None
    assert header.separators.component == b":"
    assert header.fault is not None
    assert (header.fault.code, header.fault.element) == ("CODE_INVALID", 16)
    assert "parted by :" in header.fault.says


@pytest.mark.parametrize(
    "behind",
    [
        b"SVC*HC>H0015*1~SVC*HC:H0015*1~",
        b"SVC*HC:H0015*1~SVC*HC>H0015*1~",
        b"SVC*HC^H0015*1~",
        b"SVC*HC-H0015*1~",
        b"SVC*HC*1~",
        b"CLM*AB:12*758***13>A>1**A*Y*Y~",
        b"IEA*1*1~ISA*SVC*HC:H0015*1~",
        b"SE*1*1~",
    ],
)
def test_a_separator_stands_where_a_composite_has_it_or_none_tells(behind: bytes) -> None:
    header = sep.of_isa(ISA.replace(b"*T*:~", b"*T*>~") + b"GS*HP*A~" + behind, 0)
    assert header is not None
    assert header.separators == sep.Separators(b"*", b">", b"~", b"^")
    assert header.fault is None


@pytest.mark.parametrize("gap", [b"", b"\n", b"\r\n"])
def test_an_empty_isa16_before_a_line_break(gap: bytes) -> None:
    data = ISA.replace(b":~", b"~") + gap + b"GS*HP*A~" + gap + b"ST*835*1~" + gap
    header = sep.of_isa(data, 0)
    assert header is not None
    assert header.separators == sep.Separators(b"*", b":", b"~", b"^")


def test_a_tilde_may_part_components_where_lines_end_segments() -> None:
    data = ISA.replace(b":~", b"~\n") + b"GS*HP*A\nSVC*HC~H0015*1\n"
    header = sep.of_isa(data, 0)
    assert header is not None
    assert header.fault is None
    assert header.separators == sep.Separators(b"*", b"~", b"\n", b"^")


def test_which_of_two_alike_is_at_fault_is_told_by_the_composites() -> None:
    """ISA11 and ISA16 the same: composites use the one that is right."""
    for alike, parts, at_fault in ((b"^", b":", 16), (b":", b":", 11)):
        isa = ISA.replace(b"*^*", b"*" + alike + b"*").replace(b"*T*:~", b"*T*" + alike + b"~")
        header = sep.of_isa(isa + b"GS*HP*A~SVC*HC" + parts + b"H0015*1~", 0)
        assert header is not None
        assert header.separators.component == parts
        assert header.fault is not None
        assert (header.fault.code, header.fault.element) == ("SEPARATORS_CLASH", at_fault)


def test_swap_is_a_permutation_and_its_own_inverse() -> None:
    table = sep.DEFAULT.to_canonical
    every = bytes(range(256))
    assert sorted(every.translate(table)) == list(every)
    assert every.translate(table).translate(table) == every
    assert b"SVC*HC:H0015~".translate(table).decode() == "SVC\x1dHC\x1fH0015\x1c"


@pytest.mark.parametrize(
    "own", [b"\x1f\x1e\x1c\x1d", b"\x1e\x1f\x1d\x1c", b"\x1d\x1f\x1c\x1e", b"*\x1d~\x1f"]
)
def test_control_characters_of_any_role_are_swapped_without_loss(own: bytes) -> None:
    element, component, terminator, repetition = (own[at : at + 1] for at in range(4))
    given = sep.Separators(element, component, terminator, repetition)
    table = given.to_canonical
    assert sorted(bytes(range(256)).translate(table)) == list(range(256))
    canonical = (element + component + terminator + repetition).translate(table).decode()
    assert canonical == sep.ELEMENT + sep.COMPONENT + sep.TERMINATOR + sep.REPETITION
    assert given.shown(canonical).encode() == own


def test_letters_separate_nothing() -> None:
    isa = b"ISA*" + b"*".join([b"00"] * 11 + [b"00501", b"1", b"0", b"T", b":"])
    assert sep.of_isa(isa + b"~", 0) is not None
    assert sep.of_isa(isa + b"GS", 0) is None
