"""Finds the lines of a header that wake, unlink, hand over, mask, count or decide, and makes each of them switchable.

Conditions whose only consequence is that a misuse is told (by an exception or a report) or that something is named are
left out: their tests have nothing to do with who is woken.

A mutant is one such place with a number. In the instrumented header it does what it always did unless
`::eddy_mutants::on(number)` is true; then the statement is left out, or the value is another. No line moves.
"""
# SPDX-License-Identifier: MIT
import dataclasses
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "structure"))
import source_text  # noqa: E402

# Calls whose loss is no matter of waking: checks that throw, reports, and what makes or ends an object.
NOT_MUTATED = re.compile(r"check_\w+|throw_\w+|f?printf|fput\w*|abort|terminate|reserve|construct_at|destroy_at|destroy"
                         r"|swap|rethrow_exception|static_assert|apply|emplace|free_frame|throw_with_nested|defined|report\w*|die|stop_for_\w+|refuse|call_exception_handler")
KEYWORDS = re.compile(r"(return|throw|co_\w+|delete|if|for|while|do|switch|case|default|using|else|try|catch|static_assert"
                      r"|public|private|protected|friend|template|typedef|goto|break|continue|namespace|enum|struct|class"
                      r"|union|explicit|virtual|constexpr|inline|operator|asm|requires|concept)\b")
COUNT = re.compile(r"(?:(?:\+\+|--)[\w.>\-()]+|[\w.>\-()]+ [+\-|&]= [^;]+);")
ASSIGNED = re.compile(r"[\w:.>\-()*]+ = (?:true|false|(?:detail::)?(?:State|Phase|Turn|Ended)::\w+);")
NO_VALUE = re.compile(r"return [\w.>\-()]*?\b(?:push|deliver_stops|run_\w+|wake\w*|append|remove\w*|child_done|admit|grant"
                      r"|unwind\w*|strand_left|settle|store_and_grant|cancel|leave|stop|body_done|resume_parent)\(.*\);",
                      re.DOTALL)
# What a condition may guard that is no matter of waking either: misuse that is told, or what is only said.
TOLD = re.compile(r"(?:detail::|this->)?(?:throw\b|throw_\w+|die\(|stop_for_\w+|report\w*\(|refuse\w*[<(]|std::rethrow_exception"
                  r"|std::abort)")
SAYS = re.compile(r"\bwaits_for\(\) const noexcept(?: override)? \{[^{}]*\Z")
BOUNDARY = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}


@dataclasses.dataclass
class Mutant:
    header: str  # relative to include/eddy
    line: int
    kind: str
    text: str  # of the source, with single spaces
    start: int
    end: int
    before: str  # what is put around the place; @ stands for the condition that the mutant is on
    after: str
    ordinal: int = 1  # among those of the same header, kind and text
    number: int = 0
    about_waking: bool = True  # false for a check whose failure is only told

    @property
    def key(self):
        tail = "" if self.ordinal == 1 else f" #{self.ordinal}"
        return f"{self.header}: {self.kind} `{self.text}`{tail}"


def header_of_control(code, closing_index):
    """Whether the bracket that closes here is that of an `if`, `while` or `for`."""
    depth = 0
    for index in range(closing_index, -1, -1):
        if code[index] == ")":
            depth += 1
        elif code[index] == "(":
            depth -= 1
            if depth == 0:
                return re.search(r"\b(?:if|while|for|if constexpr)\s*\Z", code[:index]) is not None
    return False


def statement_starts(code):
    for match in re.finditer(r"\S", code):
        index = match.start()
        before = code[max(0, index - 80):index].rstrip()
        if not before:
            continue
        last = before[-1]
        if last in "{};":
            yield index
        elif last == ")":
            if header_of_control(code, code.rindex(")", 0, index)):
                yield index
        elif before.endswith("]]"):
            bracket = code.rindex("[[", 0, index)
            head = code[:bracket].rstrip()
            if head.endswith(")") and header_of_control(code, len(head) - 1):
                yield index
        elif re.search(r"\belse\Z", before) or re.search(r"\b(?:case [\w:]+|default):\Z", before):
            yield index


def end_of_statement(code, start):
    """The index behind the `;` of the simple statement that starts here, or None."""
    index = start
    while index < len(code):
        character = code[index]
        if character == ";":
            return index + 1
        if character in "([":
            end = source_text.closing(code, index)
            if end is None:
                return None
            index = end
        elif character in "{})]":
            return None
        index += 1
    return None


def called(statement):
    """The name of the function that an expression statement calls, or None if it is something else."""
    if not statement.endswith(");") or KEYWORDS.match(statement) or not re.match(r"[\w:(*]", statement):
        return None
    opening = statement.find("(")
    if " " in statement[:opening].strip():
        return None  # a declaration, an assignment
    # The last group of brackets at the top.
    index, name = 0, None
    while (index := statement.find("(", index)) != -1:
        match = re.search(r"([\w~]+)(?:<[^()]*>)?\Z", statement[:index])
        name = match[1] if match else None
        end = source_text.closing(statement, index)
        if end is None:
            return None
        index = end + 1
    return name


def operands(code, start, end):
    """The spans of the operands of the outermost && or ||, and which of the two it is."""
    spans, operators, depth, begin, index = [], set(), 0, start, start
    while index < end:
        character = code[index]
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif depth == 0 and code[index:index + 4] in (" && ", " || "):
            operators.add(code[index + 1:index + 3])
            spans.append((begin, index))
            begin = index + 4
            index += 3
        index += 1
    spans.append((begin, end))
    return spans, operators


def comparison(code, start, end):
    """Where the one relational operator of this expression stands: (index, operator), or None."""
    depth, found = 0, []
    for index in range(start, end):
        character = code[index]
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif depth == 0:
            match = re.match(r" (<=|>=|<|>|==|!=) ", code[index:index + 4])
            if match:
                found.append((index + 1, match[1]))
    return found[0] if len(found) == 1 else None


def strip(code, start, end):
    while start < end and code[start].isspace():
        start += 1
    while end > start and code[end - 1].isspace():
        end -= 1
    return start, end


class Finder:
    def __init__(self, header, text):
        self.header, self.text = header, text
        self.code = source_text.without_comments_and_literals(text)
        self.found = []

    def add(self, kind, start, end, before, after):
        text = " ".join(self.text[start:end].split())
        line = source_text.line_of(self.text, start)
        self.found.append(Mutant(self.header, line, kind, text, start, end, before, after))

    def force(self, start, end, values):
        start, end = strip(self.code, start, end)
        if "true" in values:
            self.add("always", start, end, "(@ || (", "))")
        if "false" in values:
            self.add("never", start, end, "(!@ && (", "))")

    def bound(self, start, end):
        start, end = strip(self.code, start, end)
        where = comparison(self.code, start, end)
        if where is None or where[1] not in BOUNDARY:
            return
        index, operator = where
        other = self.text[start:index] + BOUNDARY[operator] + self.text[index + len(operator):end]
        if "\n" not in other:
            self.add("bound", start, end, f"(@ ? ({other}) : (", "))")

    def condition(self, start, end, loop):
        """The condition of an `if`, a `while` or a `return`: forced as a whole, and without each operand."""
        if re.search(r"\bco_(?:await|yield)\b|;", self.code[start:end]):
            return
        if re.match(r"\s*(?:const )?[\w:<>]+(?: const)?[*& ]+ ?(?:const )?\w+ = ", self.code[start:end]):
            return  # it declares what it asks for
        spans, operators = operands(self.code, start, end)
        if len(operators) == 0:
            self.force(start, end, {"false"} if loop else {"true", "false"})
        elif operators == {"&&"}:
            self.force(start, end, {"false"})
            for span in spans:
                self.force(*span, {"true"})
        elif operators == {"||"}:
            self.force(start, end, set() if loop else {"true"})
            for span in spans:
                self.force(*span, {"false"})
        for span in spans:
            self.bound(*span)

    def is_told(self, start, end):
        """Whether what stands here only guards a report, or a word for one."""
        return (TOLD.match(re.sub(r"^\s*(?:\[\[\w+\]\])?\s*", "", self.code[end + 1:end + 120]))
                or SAYS.search(self.code[max(0, start - 300):start])) is not None

    def find_conditions(self):
        for match in re.finditer(r"\b(if|while) \(", self.code):
            if re.search(r"#\s*\Z", self.code[:match.start()]):
                continue
            end = source_text.closing(self.code, match.end() - 1)
            start = match.end()
            told = self.is_told(start, end)
            first = len(self.found)
            if ";" in self.code[start:end]:  # what is declared before the condition
                start = self.code.rindex(";", start, end) + 1
            self.condition(start, end, match[1] == "while")
            for mutant in self.found[first:]:
                mutant.about_waking = not told
        for match in re.finditer(r"\breturn ([^;{}]+);", self.code):
            body = match[1]
            if " ? " in body or re.search(r"\bco_\w+|<=>|operator", body):
                continue
            if " && " in body or " || " in body or comparison(self.code, match.start(1), match.end(1)):
                self.condition(match.start(1), match.end(1), False)
        for match in re.finditer(r" \? ", self.code):
            index, depth = match.start() - 1, 0
            while index > 0:
                character = self.code[index]
                if character in ")]":
                    depth += 1
                elif character in "([":
                    depth -= 1
                    if depth < 0:
                        break
                elif depth == 0 and (character in ",;{}" or re.search(r"(?: = |\breturn )\Z", self.code[:index + 1][-8:])):
                    break
                index -= 1
            start, end = strip(self.code, index + 1, match.start())
            if "co_await" not in self.code[start:end]:
                first = len(self.found)
                self.force(start, end, {"true", "false"})
                for mutant in self.found[first:]:
                    mutant.about_waking = not SAYS.search(self.code[max(0, start - 300):start])

    def find_statements(self):
        for start in statement_starts(self.code):
            end = end_of_statement(self.code, start)
            if end is None:
                continue
            statement = self.code[start:end]
            masked = re.fullmatch(r"(?:detail::)?park_masked\((.*)\);", statement)
            if masked:
                self.add("unmask", start, end, f"{{ if (@) {{ (void)park({masked[1]}); }} else {{ ", " } }")
            elif COUNT.fullmatch(statement) or ASSIGNED.fullmatch(statement):
                self.add("delete", start, end, "{ if (!@) { ", " } }")
            elif NO_VALUE.fullmatch(statement):
                self.add("delete", start, end, "{ if (@) return; ", " }")
            else:
                name = called(statement)
                if name is not None and not NOT_MUTATED.fullmatch(name) and not name.isupper():
                    self.add("delete", start, end, "{ if (!@) { ", " } }")

    def find_values(self):
        for match in re.finditer(r"\breturn ((?:detail::)?CancelResult::)(stopped|later);", self.code):
            other = match[1] + ("later" if match[2] == "stopped" else "stopped")
            self.add("answer", match.start(1), match.end(2), f"(@ ? {other} : ", ")")
        for match in re.finditer(r"\breturn (true|false);", self.code):
            self.add("answer", match.start(1), match.end(1), "(@ != (", "))")
        for match in re.finditer(r"(?<=[ (!])park\(([^()]*)\)", self.code):
            if re.search(r"(?:return|if \(!?|&& !?)\s*\Z", self.code[:match.start()]):
                self.add("mask", match.start(), match.end(), f"(@ ? (park_masked({match[1]}), true) : ", ")")


def find(header, text):
    """The mutants of a header in the order of their places, not yet numbered."""
    finder = Finder(header, text)
    finder.find_conditions()
    finder.find_statements()
    finder.find_values()
    mutants = sorted(finder.found, key=lambda mutant: (mutant.start, -mutant.end, mutant.kind))
    seen = {}
    for mutant in mutants:
        name = (mutant.kind, mutant.text)
        seen[name] = seen.get(name, 0) + 1
        mutant.ordinal = seen[name]
    return [mutant for mutant in mutants if mutant.about_waking]


def instrument(text, mutants):
    """The header with all of them in it."""
    order = {id(mutant): index for index, mutant in enumerate(mutants)}
    ends = sorted(mutants, key=lambda m: (m.end, -m.start, -order[id(m)]))
    starts = sorted(mutants, key=lambda m: (m.start, -m.end, order[id(m)]))
    edits = [(m.end, 0, index, m.after) for index, m in enumerate(ends)]
    edits += [(m.start, 1, index, m.before.replace("@", f"::eddy_mutants::on({m.number})"))
              for index, m in enumerate(starts)]
    pieces, position = [], 0
    for where, _, _, inserted in sorted(edits, key=lambda edit: edit[:3]):
        pieces += [text[position:where], inserted]
        position = where
    return "".join(pieces + [text[position:]])


EXAMPLE = """
#pragma once
inline void f(Lock& lock, bool masked) {
  if (lock.free() && !masked) [[likely]] lock.wake();
  if (masked) return;
  ++lock.waiting;
  else lock.queue().remove(&lock);
  lock.state = State::ready;
  bool x = lock.take();
  void leave();
  while (lock.count < 3) { lock.list.push_back(f({1, 2})); }
  return CancelResult::stopped;
  if (!park(frame, this)) return false;
  x = masked ? 1 : 2;
}
"""


def self_test():
    found = [mutant.key.split(": ", 1)[1] for mutant in find("example.hpp", EXAMPLE)]
    expected = ["never `lock.free() && !masked`", "always `lock.free()`", "always `!masked`", "delete `lock.wake();`",
                "always `masked`", "never `masked`", "delete `++lock.waiting;`",
                "delete `lock.queue().remove(&lock);`", "delete `lock.state = State::ready;`",
                "bound `lock.count < 3`", "never `lock.count < 3`", "delete `lock.list.push_back(f({1, 2}));`",
                "answer `CancelResult::stopped`", "always `!park(frame, this)`", "never `!park(frame, this)`",
                "mask `park(frame, this)`", "answer `false`", "always `masked` #2", "never `masked` #2"]
    assert found == expected, "\n".join(found)
    mutants = find("example.hpp", EXAMPLE)
    for number, mutant in enumerate(mutants, 1):
        mutant.number = number
    code = instrument(EXAMPLE, mutants)
    assert "if ((!::eddy_mutants::on(1) && ((::eddy_mutants::on(2) || (lock.free())) && " in code, code
    assert "{ if (!::eddy_mutants::on(4)) { lock.wake(); } }" in code, code
    assert code.count("\n") == EXAMPLE.count("\n")
    print("self-test passed")


if __name__ == "__main__":
    self_test()
