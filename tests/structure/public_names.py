#!/usr/bin/env python3
"""Every public name of include/eddy has a /// comment, and a test or an example that uses it.

Public is what stands in namespace eddy outside of a namespace detail: types, functions, variables, enumerators, and the
public members of such types, those that come from a public base in detail included. One comment is enough for overloads.
The names that the compiler or the library itself asks for are left out, as are overriding members, constructors,
destructors and operators.

Usage: public_names.py [ROOT] | --self-test
"""
# SPDX-License-Identifier: MIT
import re
import sys

import source_text
from tree_check import end, fault, judged, run

PROTOCOL = {"await_ready", "await_suspend", "await_resume", "try_cancel", "promise_type", "value_type", "EddyAwaiter", "Internals"}
ACCESS = re.compile(r"\s*(public|protected|private)\s*:(?!:)")
DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)
TYPE = re.compile(r"(?:^|\s)(?:class|struct|union|enum(?:\s+class|\s+struct)?)\s+(?:EDDY_\w+\s+)*([\w:]+)")
WITH_BRACKETS = re.compile(r"\b(?:noexcept|alignas|requires|decltype|explicit)\s*\(")
SKIPPED = re.compile(r"^(?:friend|static_assert|namespace|typedef|extern)\b")


def without_angles(text):
    """Blanks template arguments. `<` opens only behind a name, so a comparison in a default argument does not."""
    result, depth = [], 0
    for index, character in enumerate(text):
        if character == "<" and (depth or re.search(r"\w\s*$", text[:index])):
            depth += 1
        result.append(" " if depth else character)
        if character == ">" and depth and text[index - 1] != "-":
            depth -= 1
    return "".join(result)


def simplified(head):
    """A declaration without attributes, template parameters, requires clauses and specifiers in brackets."""
    head = re.sub(r"\[\[.*?\]\]", " ", head, flags=re.DOTALL)
    head = without_angles(head)
    while match := WITH_BRACKETS.search(head):
        end = source_text.closing(head, match.end() - 1)
        if end is None:
            break
        word = "decltype" if match[0].startswith("decltype") else ""  # it is a type, and what follows it a name
        head = head[:match.start()] + word.ljust(end + 1 - match.start()) + head[end + 1:]
    head = re.sub(r"\b(?:template|requires|EDDY_\w+|__attribute__\s*\(\(.*?\)\))", " ", head)
    return head.strip()


def declared(head, owner):
    """The name that a declaration introduces, or None."""
    if SKIPPED.match(head) or re.search(r"\b(?:operator|override)\b", head):
        return None
    if match := re.match(r"using\s+(\w+)\s*=", head):
        return match[1]
    if head.startswith("using"):
        return None
    if match := re.match(r"concept\s+(\w+)", head):
        return match[1]
    if match := re.match(r"[^(=]*\(\s*\*\s*(\w+)\s*\)\s*\(", head):  # a pointer to a function
        return match[1]
    if match := re.search(r"(~?\w+)\s*\(", head):
        before = head[:match.start()].rstrip()
        if "=" not in before:
            return None if match[1] == owner or match[1].startswith("~") or before.endswith("::") or not before else match[1]
    head = head.split("=")[0].split("(")[0]
    match = re.search(r"(\w+)\s*(?:\[[^\]]*\]\s*)?$", head)
    return match[1] if match and len(head.split()) > 1 and not head[:match.start()].endswith("::") else None


def public_bases(head):
    """The names of the public bases in the head of a type."""
    default = "public" if re.search(r"\bstruct\b", head) else "private"
    for base in source_text.split_top_level(source_text.split_top_level(head, ":")[-1], ",") if ":" in head else ():
        access = re.search(r"\b(public|protected|private)\b", base)
        if (access[1] if access else default) == "public":
            yield re.findall(r"\w+", base)[-1]


def skip_braces(code, position):
    """Where a declaration ends whose first `{` outside of a type or namespace is at `position`."""
    while True:
        position = source_text.closing(code, position)
        if position is None:
            return len(code)
        rest = re.compile(r"\s*").match(code, position + 1).end()
        following = code[rest:rest + 1]
        if following == ";":
            return rest + 1
        if following not in ("{", ",", ")"):
            return position + 1
        position = code.find("{", rest)
        if position == -1:
            return len(code)


def enumerators(code, text, start, end):
    for part_start, part in split_with_positions(code, start, end):
        if match := re.match(r"\s*(\w+)", part):
            stop = part_start + len(part)
            # The comment may stand above it, or behind it on its line, after the comma.
            line_end = text.find("\n", stop)
            above = re.sub(r"^[ \t,]*///<[^\n]*", "", text[part_start:stop])
            yield match[1], part_start + match.start(1), "///" in above or "///<" in text[stop:line_end]


def split_with_positions(code, start, end):
    position = start
    for part in source_text.split_top_level(code[start:end], ","):
        yield position, part
        position += len(part) + 1


def names_of(text, bases):
    """Yields (name, line, whether it has a comment) for each public declaration of a header.

    Members are named with their types. The types of detail that are named in `bases` are public, too, and each public
    base of a public type is added to it.
    """
    code = source_text.without_comments_and_literals(text)
    code = DIRECTIVE.sub(lambda match: source_text.blank(match[0]), code)
    # Each scope: its kind, its name, whether what is declared in it is public; None in what no access label can show.
    scopes = [("file", "", False)]
    position = start = 0
    depth = 0

    def full(name):
        return "::".join([scope for kind, scope, _ in scopes if kind == "type"] + [name])

    def documented(begin, end):
        line_end = text.find("\n", end)
        above = re.sub(r"^[ \t]*///<[^\n]*", "", text[begin:end])
        return "///" in above or text[end:line_end].lstrip(" ;").startswith("///<")

    while position < len(code):
        character = code[position]
        kind, owner, public = scopes[-1]
        if character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == "}" and depth == 0:
            scopes.pop()
            start = position + 1
            if not scopes:
                return
        elif depth == 0 and character in "{;":
            while match := ACCESS.match(code, start):
                scopes[-1] = (kind, owner, scopes[-1][2] is not None and match[1] == "public")
                if public is None:
                    scopes[-1] = (kind, owner, None)
                start = match.end()
            public = scopes[-1][2]
            raw = code[start:position]
            begin = start
            head = simplified(raw)
            line = source_text.line_of(text, start + len(raw) - len(raw.lstrip()))
            if character == "{" and (match := re.match(r"(?:inline\s+)?namespace\b\s*([\w:\s]*)", head)):
                inner = match[1]
                inside = "eddy" in inner or (public and kind == "namespace")
                scopes.append(("namespace", inner.strip(), bool(inside) and "detail" not in inner))
                start = position + 1
            elif character == "{" and (match := TYPE.search(" " + head)) and "(" not in head and "=" not in head.split(match[1])[0]:
                name = match[1]
                shown = bool(public) and "::" not in name and name not in PROTOCOL
                if shown:
                    yield full(name), line, documented(begin, position)
                is_base = not public and kind == "namespace" and name in bases
                if shown or is_base:
                    bases.update(public_bases(head))
                if re.search(r"\benum\b", head):
                    end = source_text.closing(code, position)
                    if shown:
                        for item, at, commented in enumerators(code, text, position + 1, end):
                            yield full(name + "::" + item), source_text.line_of(text, at), commented
                    position = end
                    start = position + 1
                else:
                    is_struct = re.search(r"\b(?:struct|union)\b", head) is not None
                    scopes.append(("type", name, is_struct if shown or is_base else None))
                    start = position + 1
            else:
                end = position + 1 if character == ";" else skip_braces(code, position)
                if public and head and not (character == ";" and TYPE.fullmatch(" " + head)):
                    name = declared(head, owner)
                    if name and name not in PROTOCOL and not name.endswith("_"):
                        yield full(name), line, documented(begin, end)
                start = end
                position = end - 1
        position += 1


def read_used(root):
    words = set()
    for folder in ("tests", "examples"):
        for path in (root / folder).rglob("*"):
            if path.suffix in (".cpp", ".hpp"):
                words |= set(re.findall(r"\w+", source_text.without_comments(path.read_text(encoding="utf-8"))))
    return words


def violations(root):
    used = read_used(root)
    headers = {path.relative_to(root / "include/eddy").as_posix(): path.read_text(encoding="utf-8")
               for path in sorted((root / "include/eddy").rglob("*.hpp"))}
    bases, count = set(), -1
    while len(bases) != count:  # a base may have bases of its own, and stand in any header
        found, count = {}, len(bases)
        for header, text in headers.items():
            for name, line, commented in names_of(text, bases):
                place, has_comment = found.get((header, name), (line, False))
                found[header, name] = place, has_comment or commented
    result = []
    for (header, name), (line, commented) in found.items():
        if not commented:
            result.append(f"{header}:{line}: {name} has no /// comment")
        if name.split("::")[-1] not in used:
            result.append(f"{header}:{line}: {name} appears in no test and no example")
    return result, len(found)


GOOD = """
namespace eddy::inline EDDY_ABI {
class Forward;
namespace detail {
class Hidden { public: /// Anything.
  int anything(); };
template <class T>
class Root { public: /// Its root.
  int root(); };
template <class T>
class Base : public Hidden, public detail::Root<T> {
 public:
  /// Its size.
  int size() const;
 protected:
  Base() {}
};
class Secret { public: int unknown(); };
}
/// A flag.
class Flag final : public Forward, public detail::Base<Flag>, detail::Secret {
 public:
  Flag() noexcept : set_{false}, more_(1) {}
  explicit Flag(int);
  ~Flag() { set(); }
  /// Raises it.
  [[nodiscard("f(x)")]] bool set() noexcept(true) { if (true) { return 1 < 2; } return set_; }
  template <class T, class = std::enable_if_t<sizeof(T) == 1>>
    requires(sizeof(T) > 1)
  /// Sets it to another.
  T assign(T value = T{}) const;
  T assign(int);
  bool operator==(const Flag&) const = default;
  void clear() override;
  friend void helper();
 private:
  void secret();
  bool set_{true};
};
/// A colour.
enum class Colour { red, green, blue };
/// Numbers.
struct Numbers {
  int one = 1;    ///< the first
  double two{2};  ///< the second
  std::exception_ptr exception;      ///< what went wrong
  long now = std::chrono::now(1, 2);  ///< when
  bool (*hook)(const int&) = nullptr;  ///< asked then
  /// The sum.
  decltype(auto) sum() const { return one + two; }
};
/// More numbers.
struct MoreNumbers {
  int one = 1;  ///< the first of them
};
/// Whether it fits.
template <class T>
concept Fits = requires(T t) { t.fit(); };
/// The largest.
inline constexpr int kLargest = 3;
/// Another name.
using Alias = std::vector<Flag>;
/// Runs.
template <class F> auto launch(F&& f, std::vector<int> list = {}) -> decltype(f()) { return f(); }
struct Flag::Inner { int x; };
}
template <> struct fmt::formatter<eddy::Flag> { int parse(); };
""".replace("red, green, blue", "red,  ///< warm\n  green,  ///< fresh\n  blue   ///< cold\n")
PUBLIC = ["Root::root", "Base::size", "Hidden::anything", "Flag", "Flag::set", "Flag::assign", "Colour", "Colour::red",
          "Colour::green", "Colour::blue", "Numbers", "Numbers::one", "Numbers::two", "Numbers::exception", "Numbers::now",
          "Numbers::hook", "Numbers::sum", "MoreNumbers", "MoreNumbers::one", "Fits", "kLargest", "Alias", "launch"]
BAD = [
    ("/// Raises it.", "", "Flag::set has no /// comment"),
    ("///< the first\n", "\n", "Numbers::one has no /// comment"),
    ("///< the first of them", "", "MoreNumbers::one has no /// comment"),
    ("///< what went wrong", "", "Numbers::exception has no /// comment"),
    ("///< when", "", "Numbers::now has no /// comment"),
    ("///< asked then", "", "Numbers::hook has no /// comment"),
    ("/// The sum.", "", "Numbers::sum has no /// comment"),
    ("/// Its size.", "", "Base::size has no /// comment"),
    ("/// Its root.", "", "Root::root has no /// comment"),
    ("///< fresh", "", "Colour::green has no /// comment"),
    ("/// Whether it fits.", "// Whether it fits.", "Fits has no /// comment"),
    ("/// Runs.", "", "launch has no /// comment"),
    (" private:", " public:", "Flag::secret has no /// comment"),
    ("/// Another name.", "/// Unknown.\nint never();\n/// Another name.", "never appears in no test"),
]


def self_test():
    def check(header):
        names_in_a_test = " ".join(PUBLIC).replace("::", " ") + " secret"
        return judged({"include/eddy/a.hpp": header, "tests/a_test.cpp": names_in_a_test}, lambda root: violations(root)[0])

    wrong = []
    bases = set()
    names = [name for _ in range(3) for name, _, _ in names_of(GOOD, bases)]
    if sorted(set(names)) != sorted(PUBLIC):
        wrong.append(f"the names are {names}")
    if found := check(GOOD):
        wrong.append(f"the good header: {found}")
    for before, after, expected in BAD:
        changed = GOOD.replace(before, after, 1)
        wrong += fault(before, expected, [] if changed == GOOD else check(changed))
    return end(wrong, BAD)


def look(root):
    found, count = violations(root)
    return found, f"{count} public names"


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], look, self_test))
