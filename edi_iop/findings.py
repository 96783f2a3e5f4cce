"""Findings: trouble with the data, as values, and the closed catalogue of their codes.

A finding says what is wrong and exactly where. `ack` is the code a 999 would
carry (005010X231A1, IK304 for a segment, IK403 for an element) where one exists.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Severity = Literal["error", "warning", "info"]


class FindingCode(msgspec.Struct, frozen=True):
    """One entry of the catalogue: what `explain CODE` prints."""

    code: str
    severity: Severity
    snip: int
    says: str
    remedy: str
    ack: str | None = None


class Finding(msgspec.Struct, frozen=True):
    """One fault in one file, with its place. Absent parts of the place are None.

    segment_position counts from ST = 1 inside its transaction; byte_offset counts
    from 0 in the file as delivered. `value` may hold personal data: it is shown
    only where the user asks for it.
    """

    code: str
    message: str
    file: str | None = None
    interchange: str | None = None
    group: str | None = None
    transaction: str | None = None
    segment_position: int | None = None
    byte_offset: int | None = None
    loop: str | None = None
    segment: str | None = None
    element: int | None = None
    component: int | None = None
    repetition: int | None = None
    value: str | None = None
    trigger_segment: str | None = None
    """Where it is of a situational rule, what brought the rule to bear."""
    trigger_position: int | None = None
    trigger_loop: str | None = None
    trigger_element: int | None = None
    trigger_component: int | None = None

    @property
    def severity(self) -> Severity:
        return CATALOGUE[self.code].severity

    @property
    def snip(self) -> int:
        return CATALOGUE[self.code].snip

    @property
    def ack(self) -> str | None:
        return CATALOGUE[self.code].ack


# fmt: off
_CODES = (
    # envelopes
    FindingCode("NOT_X12", "error", 1, "neither X12 nor a feed we know", "ask the sender for the X12 file itself"),
    FindingCode("EMPTY_FILE", "error", 1, "the file has no content", "ask the sender to send it again"),
    FindingCode("ISA_SHORT", "error", 1, "the ISA segment is damaged or cut off", "ask the sender to send it again"),
    FindingCode("ISA_UNPADDED", "warning", 1, "an ISA element is not of its fixed width", "tell the sender; the file is read all the same"),
    FindingCode("SEPARATORS_CLASH", "error", 1, "two separators are the same character", "ask the sender to use four different separators"),
    FindingCode("GARBAGE", "warning", 1, "bytes between interchanges that belong to none", "tell the sender; the interchanges are read"),
    FindingCode("LINES_WRAPPED", "warning", 1, "line breaks at a fixed width, inside segments", "ask the sender for the file without line breaks; it is read all the same"),
    FindingCode("TRUNCATED", "error", 1, "the interchange ends before its trailer (IEA)", "ask the sender for the whole file"),
    FindingCode("NO_ENVELOPE", "error", 1, "a transaction or group stands outside its envelope", "ask the sender to add ISA and GS"),
    FindingCode("TRAILER_MISSING", "error", 1, "a transaction or group has no trailer (SE or GE)", "ask the sender to send it again", "2"),
    FindingCode("COUNT_WRONG", "error", 1, "a trailer's count differs from what is there", "ask the sender for a complete file", "4"),
    FindingCode("CONTROL_NUMBER_WRONG", "error", 1, "a trailer's control number differs from its header's", "ask the sender to send it again", "3"),
    FindingCode("CONTROL_NUMBER_REPEATED", "error", 1, "a control number is used twice in its envelope", "ask the sender to number envelopes uniquely", "23"),
    FindingCode("SEGMENT_EMPTY", "warning", 1, "a segment has no content", "tell the sender", "1"),
    FindingCode("SEGMENT_BARE", "error", 1, "a segment is an identifier without elements", "add its elements or leave the segment out", "1"),
    FindingCode("SEGMENT_ID_INVALID", "error", 1, "a segment identifier is not two or three capital letters or digits", "correct the segment identifier", "1"),
    FindingCode("TRAILING_SEPARATORS", "error", 1, "a segment ends in empty elements or components", "leave out trailing separators", "3"),
    FindingCode("CHARACTER_INVALID", "error", 2, "a character outside the extended X12 set", "use characters of the extended set only", "6"),
    # archives
    FindingCode("ARCHIVE_DAMAGED", "error", 1, "an archive is cut off or damaged", "ask the sender to pack and send it again"),
    FindingCode("ARCHIVE_EMPTY", "error", 1, "an archive holds no file", "ask the sender what it should have held"),
    FindingCode("ARCHIVE_ENCRYPTED", "error", 1, "a file is encrypted inside its archive", "decrypt it, or ask the sender for a plain archive"),
    FindingCode("ARCHIVE_METHOD", "error", 1, "a file is packed in a way that is not read", "pack it as plain zip (deflate) or gzip, or send it unpacked"),
    FindingCode("ARCHIVE_NESTED", "error", 1, "archives stand inside one another too deeply", "send the files in one archive"),
    FindingCode("ARCHIVE_TOO_LARGE", "error", 1, "an archive grows beyond the bounds; nothing of it is read", "send its files unpacked or in several archives"),
    # guide
    FindingCode("GUIDE_UNKNOWN", "warning", 2, "no implementation guide for this transaction; read as segments only", "check GS08 against the guides listed by identify"),
    FindingCode("SEGMENT_UNEXPECTED", "error", 2, "the segment is not defined at this place in the guide", "remove the segment or correct its qualifier", "2"),
    FindingCode("SEGMENT_ORDER", "error", 2, "the segment stands after others it must precede", "put the segment in the guide's order", "7"),
    FindingCode("SEGMENT_NOT_USED", "error", 2, "the guide marks the segment as not used", "remove the segment", "I4"),
    FindingCode("SEGMENT_MISSING", "error", 2, "a required segment is missing", "add the segment", "3"),
    FindingCode("SEGMENT_REPEATS", "error", 2, "the segment occurs more often than the guide allows", "remove the surplus", "5"),
    FindingCode("LOOP_MISSING", "error", 2, "a required loop is missing", "add the loop", "I7"),
    FindingCode("LOOP_START_MISSING", "error", 2, "the loop begins without its first segment", "add the loop's first segment", "3"),
    FindingCode("LOOP_REPEATS", "error", 2, "the loop occurs more often than the guide allows", "remove the surplus", "4"),
    FindingCode("ELEMENT_MISSING", "error", 2, "a required element is empty", "fill the element", "1"),
    FindingCode("ELEMENT_NOT_USED", "error", 2, "the guide marks the element as not used", "leave the element empty", "I10"),
    FindingCode("ELEMENT_EXCESS", "error", 2, "the segment has more elements than the guide defines", "remove the surplus elements", "3"),
    FindingCode("COMPONENT_EXCESS", "error", 2, "the element has more components than the guide defines", "remove the surplus components", "13"),
    FindingCode("REPETITION_EXCESS", "error", 2, "the element repeats more often than the guide allows", "remove the surplus repetitions", "12"),
    FindingCode("ELEMENT_SHORT", "error", 2, "the value is shorter than allowed", "correct the value", "4"),
    FindingCode("ELEMENT_LONG", "error", 2, "the value is longer than allowed", "correct the value", "5"),
    FindingCode("CODE_INVALID", "error", 2, "the value is not one of the guide's codes for this element", "use a code the guide lists", "7"),
    FindingCode("CODE_UNKNOWN", "warning", 5, "the value is not in the external code list we hold", "check the code against its current list"),
    FindingCode("CODE_NOT_YET_LISTED", "info", 5, "the value is not in the external code list we hold, which is older than its date", "check the code against its current list, or load that list"),
    FindingCode("CODE_OUT_OF_DATE", "warning", 5, "the code was not in its external list on the date it stands for", "use the code in force on that date"),
    FindingCode("CODE_MALFORMED", "warning", 5, "the value does not have the form of its external code list", "correct the value"),
    FindingCode("DIAGNOSIS_NOT_SPECIFIC", "warning", 5, "the diagnosis has more specific codes below it, which alone are billed", "code the diagnosis to its full length"),
    FindingCode("NPI_INVALID", "warning", 5, "the value is no National Provider Identifier: its check digit is wrong", "correct the identifier, or ask the provider for it"),
    FindingCode("NUMBER_INVALID", "error", 2, "the value is not a number of the required form", "correct the number", "6"),
    FindingCode("DATE_INVALID", "error", 2, "the value is not a date of the required form", "correct the date", "8"),
    FindingCode("TIME_INVALID", "error", 2, "the value is not a time of the required form", "correct the time", "9"),
    FindingCode("TRAILING_SPACES", "warning", 2, "the value ends in spaces", "remove the trailing spaces", "6"),
    FindingCode("FORM_INVALID", "error", 2, "the value does not have the form the guide asks for", "correct the value", "I12"),
    FindingCode("SYNTAX_PAIRED", "error", 2, "of elements that go together one is missing", "fill all of them or none", "2"),
    FindingCode("SYNTAX_REQUIRED", "error", 2, "at least one of several elements must be there", "fill one of them", "2"),
    FindingCode("SYNTAX_EXCLUSIVE", "error", 2, "only one of several elements may be there", "leave the others empty", "10"),
    FindingCode("SYNTAX_CONDITIONAL", "error", 2, "an element needs another that is missing", "fill the other element", "2"),
    FindingCode("SYNTAX_LIST_CONDITIONAL", "error", 2, "an element needs one of several others", "fill one of the others", "2"),
    # situations
    FindingCode("SITUATION_SEGMENT_MISSING", "error", 4, "what else the transaction says asks for a segment that is not there", "add the segment", "I6"),
    FindingCode("SITUATION_SEGMENT_NOT_USED", "error", 4, "what else the transaction says rules the segment out", "remove the segment", "I9"),
    FindingCode("SITUATION_ELEMENT_MISSING", "error", 4, "what else the transaction says asks for an element that is empty", "fill the element", "I9"),
    FindingCode("SITUATION_ELEMENT_NOT_USED", "error", 4, "what else the transaction says rules the element out", "leave the element empty", "I13"),
    FindingCode("SITUATION_VALUE_WRONG", "error", 4, "the value contradicts another of the transaction", "correct one of the two", "I12"),
    FindingCode("SITUATION_DOUBTFUL", "warning", 4, "the transaction says two things that seldom go together", "check both; correct one where it is wrong"),
    FindingCode("SEGMENT_DUPLICATE", "warning", 4, "the segment stands in its loop twice and says the same, or one qualifier has two values", "remove one of the two, or correct its qualifier"),
    FindingCode("HL_NUMBER_WRONG", "error", 4, "the levels (HL01) are not numbered 1, 2, 3", "number the levels from 1 in each transaction", "I12"),
    FindingCode("HL_PARENT_WRONG", "error", 4, "a level (HL02) does not name the level above it", "put the number of the level above", "I12"),
    FindingCode("HL_CHILD_WRONG", "error", 4, "a level (HL04) says otherwise than the next whether one stands below", "put 1 where a level stands below, else 0", "I12"),
    FindingCode("LX_NUMBER_WRONG", "error", 4, "the lines (LX01) are not numbered 1, 2, 3", "number the lines from 1 in each claim", "I12"),
    FindingCode("LX_NUMBER_REPEATED", "warning", 4, "two headers (LX01) of one remit have the same number", "tell the payer; the claims are read"),
    # companion guides
    FindingCode("COMPANION_SEGMENT_MISSING", "error", 7, "the partner's companion guide asks for a segment that is not there", "add the segment", "I6"),
    FindingCode("COMPANION_SEGMENT_NOT_USED", "error", 7, "the partner's companion guide does not take the segment", "remove the segment", "I9"),
    FindingCode("COMPANION_ELEMENT_MISSING", "error", 7, "the partner's companion guide asks for an element that is empty", "fill the element", "I9"),
    FindingCode("COMPANION_ELEMENT_NOT_USED", "error", 7, "the partner's companion guide does not take the element", "leave the element empty", "I13"),
    FindingCode("COMPANION_VALUE_WRONG", "error", 7, "the partner's companion guide takes other values or another form", "correct the value", "I12"),
    FindingCode("COMPANION_DOUBTFUL", "warning", 7, "the partner's companion guide advises otherwise", "follow the companion guide where it can be"),
    # balance
    FindingCode("LINE_UNBALANCED", "error", 3, "line charge less adjustments differs from line payment", "hold the payment and ask the payer"),
    FindingCode("CLAIM_UNBALANCED", "error", 3, "claim charge less adjustments differs from claim payment", "hold the payment and ask the payer"),
    FindingCode("PAYMENT_UNBALANCED", "error", 3, "claim payments less provider adjustments differ from the payment amount", "hold the payment and ask the payer"),
    FindingCode("INTEREST_UNBALANCED", "warning", 3, "the interest of a payment's claims (AMT I) differs from what PLB L6 pays", "ask the payer which of them it is; what PLB L6 pays is posted"),
    FindingCode("PATIENT_UNBALANCED", "warning", 3, "the patient's share differs from the adjustments of group PR", "compare the patient's bill with the adjustments"),
    FindingCode("OTHER_PAYER_LINE_UNBALANCED", "error", 3, "a line's charge less another payer's adjustments differs from what it paid", "copy the other payer's decision from its remittance"),
    FindingCode("OTHER_PAYER_UNBALANCED", "error", 3, "the claim less another payer's adjustments differs from what it paid", "copy the other payer's decision from its remittance"),
    FindingCode("HEADER_TOTAL_WRONG", "warning", 3, "a remit's header tells other totals than those of its claims", "ask the payer whether claims are missing from the remit"),
    FindingCode("CLAIM_TOTAL_WRONG", "error", 3, "the claim's charge differs from the sum of its lines", "correct the claim's total"),
    FindingCode("REVENUE_TOTAL_LINE", "warning", 6, "a total line (revenue 0001) stands among the service lines", "leave it out: the claim carries its total in CLM02"),
    FindingCode("LINE_DATE_OUTSIDE", "error", 6, "a line's date lies outside the statement's dates", "correct the line's date, or the statement to cover it"),
    FindingCode("LINE_DATE_MISSING", "warning", 6, "a line of an outpatient program has no date of its own", "give the date of the program day"),
    FindingCode("FREQUENCY_AGAINST_STATUS", "warning", 6, "the claim's frequency and the patient's status contradict", "1 or 4 once the patient has left, 2 or 3 while status is 30"),
    FindingCode("BILL_TYPE_UNUSUAL", "warning", 6, "the type of bill is none of an outpatient program", "check the type of bill with the facility's licence"),
    FindingCode("REVENUE_WITHOUT_PROCEDURE", "error", 6, "a revenue code of an outpatient program without a procedure", "add the HCPCS code of the program day"),
    FindingCode("PAIR_UNUSUAL", "warning", 6, "procedure and revenue code of a program day seldom go together", "check the pair with the payer's policy"),
    FindingCode("UNITS_NOT_WHOLE", "warning", 6, "the units of a program day are not whole", "bill whole units"),
    # feeds
    FindingCode("FEED_REJECTED", "error", 0, "the feed cannot be taken in as a whole", "correct what the message names and send the feed again"),
    FindingCode("FEED_COLUMN_UNKNOWN", "warning", 0, "a column the feed does not define; it is not read", "remove the column or map it"),
    FindingCode("FEED_VALUE_MISSING", "error", 0, "a required value is empty; the row is left out", "fill the value and send the row again"),
    FindingCode("FEED_VALUE_INVALID", "error", 0, "a value cannot be read; the row is left out", "correct the value and send the row again"),
    FindingCode("FEED_ZONE_MISSING", "error", 0, "a time of UTC, and no timezone for it to hang in; the row is left out", 'name the facility\'s in the layout, as timezone = "America/Chicago"'),
    FindingCode("FEED_ROW_WIDTH", "error", 0, "a row has more or fewer fields than the header; it is left out", "correct the row and send it again"),
    FindingCode("FEED_QUOTES", "error", 0, "a quoted field does not close, or has text after its closing quote; the row is left out", "double the quotes inside a field and close it"),
    FindingCode("FEED_ENCODING", "warning", 0, "the feed is not UTF-8; it is read as Windows-1252", "export the feed as UTF-8 and compare names with accents"),
    FindingCode("FEED_TIMES_MISSING", "error", 0, "neither start and end times nor minutes; the row is left out", "give start_time and end_time, or minutes"),
    FindingCode("FEED_TITLE_SKIPPED", "info", 0, "lines above the header of a CSV that are no rows", "nothing to do, or export the table without its title"),
    FindingCode("FEED_ROWS_SKIPPED", "info", 0, "rows that the layout says are no events", "nothing to do; the layout's skip says which"),
    FindingCode("FEED_TOTAL_SKIPPED", "info", 0, "the sum that a list closes with, which is no row", "nothing to do"),
    FindingCode("FEED_TOTAL_WRONG", "error", 0, "a list closes with another sum than its rows come to; the sum is left out", "ask for the whole list, or correct the rows that could not be read"),
    FindingCode("FEED_DATE_SERIAL", "warning", 0, "dates that a spreadsheet had made numbers; they are read as dates", "format the column as date before saving the CSV"),
    FindingCode("FEED_FORM_ASSUMED", "warning", 0, "dates or times in a form that could mean another one; they are read as is usual", "write YYYY-MM-DD and HH:MM, or name the form in a layout"),
    FindingCode("FEED_PAST_MIDNIGHT", "warning", 0, "a session ends at an earlier time than it begins", "check both times; split a session that runs past midnight"),
    FindingCode("FEED_RECORD_SHARED", "warning", 0, "one record id stands for several clients", "make the id of record and client together, in the export or in a layout"),
    FindingCode("FEED_RECORD_REPEATED", "warning", 0, "a record comes twice in a file with the same version", "send a change with a higher record_version"),
    FindingCode("FEED_SESSION_REPEATED", "warning", 0, "two records are alike in all but their id", "cancel one of them if it is one session"),
    FindingCode("FEED_REFERENCE_UNRESOLVED", "error", 0, "a resource names another that did not come with it; what that would have said stays empty", "send both in one file, or all files of an export in one folder, .zip or night"),
    FindingCode("FEED_MESSAGE_INVALID", "error", 0, "a message, resource or element cannot be read; it is left out", "correct it and send it again"),
    FindingCode("FEED_MESSAGE_UNUSED", "warning", 0, "messages or resources of a kind that is not read", "nothing to do, or tell the sender"),
    FindingCode("FEED_COUNT_WRONG", "warning", 0, "a batch's trailer counts other than there are messages", "ask the sender for a complete file"),
    FindingCode("FEED_CREDIT_UNMATCHED", "warning", 0, "a credit names no charge of the file; it has no effect unless its record came before", "send the charge's transaction id with the credit"),
    FindingCode("FEED_ASSUMED", "warning", 0, "a value the feed does not carry was taken from the layout", "check the layout, or have the value sent"),
    FindingCode("CLIENT_UNKNOWN", "error", 0, "no client of that id in any clients feed", "send the client in a clients feed"),
    FindingCode("STATE_UNKNOWN", "warning", 0, "a client's address names a state that is none; payers turn such a claim away", "correct the state in the clients feed (two letters)"),
    FindingCode("SESSION_EMPTY", "warning", 0, "an attended day whose sessions have no minutes", "correct the sessions' times in the record, or their attendance"),
    FindingCode("SERVICE_SHORT", "warning", 0, "a service is shorter than one unit of its code", "check the minutes in the record; a service shorter than a unit is not billed"),
    FindingCode("PROFESSIONAL_SERVICE", "warning", 0, "a service is authorized in a practitioner's name", "bill it on the practitioner's own professional claim (837P)"),
    FindingCode("CHARGE_UNKNOWN", "error", 0, "no charge is set for the procedure", "add it under [charges] in settings.toml"),
    FindingCode("PAYER_UNKNOWN", "error", 0, "a coverage names a payer that is not set up", "add it under [[payers]] in settings.toml"),
    FindingCode("FACILITY_UNKNOWN", "error", 0, "encounters name a facility that is not set up", "add it under [[facilities]] in settings.toml"),
    FindingCode("COMPONENT_UNKNOWN", "error", 0, "a service has no code to be billed by", "add its service type under [billing.components] in the payer's policy"),
    FindingCode("CORRECTION_HELD", "warning", 0, "a claim that was sent needs correction, which cannot go out yet", "wait for the payer's claim number (277CA or 835), or ask the payer for it"),
    FindingCode("OTHER_PAYER_HELD", "warning", 0, "another coverage cannot be billed by what the first payer answered", "compare the remit with the claim, then bill by hand or ask the payer"),
    FindingCode("ROSTER_MISSING", "error", 0, "a provider on a claim is in no providers feed", "send the provider in a providers feed"),
    FindingCode("NOT_READ", "error", 1, "the file could not be worked on; it is in quarantine", "tell the maintainers of this program, then drop the file again"),
    FindingCode("DUPLICATE_DELIVERY", "info", 1, "the same content arrived before; it has no further effect", "nothing to do"),
)
# fmt: on

CATALOGUE: dict[str, FindingCode] = {entry.code: entry for entry in _CODES}
"""Every code a finding may carry; nothing else may be reported."""
