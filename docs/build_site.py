#!/usr/bin/env python3
"""Builds the documentation's site: python3 docs/build_site.py [OUT], by default into build/site. Needs no network.

The pages are README.md and docs/*.md, as they stand; links into the repository become pages with the file's text. The
reference has a page for each header, made from its /// comments by doxygen. An error: a link or an anchor that leads nowhere,
a public name without a comment, a page that needs something from elsewhere, a diagram that would be shown as code.

Needs mkdocs and doxygen, and python3-pygments for colours: apt-get install mkdocs doxygen python3-pygments
"""
# SPDX-License-Identifier: MIT
import argparse
import html
import json
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
NAV = [("Home", "index"), ("Tutorial", "tutorial"), ("Guide", "guide"), ("Coming from asyncio", "coming-from-asyncio"),
       ("Coming from asio", "coming-from-asio"), ("Cancellation", "cancellation"), ("Errors", "errors"), ("Lifetimes", "lifetimes"),
       ("Threads", "threads"), ("Input and output", "io"), ("HTTP", "http"), ("Libraries in C", "foreign-libraries"), ("Testing", "testing"),
       ("Debugging", "debugging"), ("Performance", "performance"), ("Reliability", "reliability"), ("Compilers", "compilers"),
       ("Packaging", "packaging"), ("Design", "design"), ("Changelog", "CHANGELOG"), ("Contributing", "CONTRIBUTING")]
PICTURES = (".svg", ".png")
LINK = re.compile(r"(!?\[(?:[^\[\]]|\[[^\]]*\])*\])\(([^()\s]+)\)")
OTHER_LINK = re.compile(r"^( {0,3}\[[^\]]+\]:) +<?([^\s<>]+)>?|(<(?:a|img)\b[^>]*?\b(?:href|src)=)\"([^\"]*)\"")  # [x]: link, and HTML
FENCE = re.compile(r"^( *)(```+)([\w+-]*)(.*)$")
# What the compiler, the language or the library itself asks for: named as in tests/structure/public_names.py.
PROTOCOL = {"await_ready", "await_suspend", "await_resume", "try_cancel", "promise_type", "value_type", "EddyAwaiter", "Internals", "what",
            "operator="}
LABELS = re.compile(r"\s*\b(Cancellation|Errors|Threads|Units|Complexity|Source): ")
STYLE = """
code, pre { font-size: 85% }
.wy-nav-content { max-width: 60em }
.rst-content table { margin-bottom: 1.5em }
.rst-content td, .rst-content th { padding: 3px 8px }
div.codehilite span.err { border: 0 }
@media (prefers-color-scheme: dark) {
  html { filter: invert(0.9) hue-rotate(180deg); background: #fff }
  img { filter: invert(1) hue-rotate(180deg) }
}
"""


def slug(title):
    """The anchor that GitHub makes of a heading."""
    title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).strip().lower()
    return re.sub(r"[^\w\- ]", "", title).replace(" ", "-")


class Page:
    """A page: where it comes from, its text, its anchors, and its links, each with its line."""

    def __init__(self, source, target, text):
        self.source, self.target = source, target
        self.lines, self.anchors = text.splitlines(), set()
        self.anchors.update(re.findall(r'<a (?:id|name)="([^"]+)"', text))
        inside, used = None, {}
        for index, line in enumerate(self.lines):
            fence = FENCE.match(line)
            if fence and (inside is None or line.strip() == inside):
                inside = None if inside else fence[2]
                self.lines[index] = f"{fence[1]}{fence[2]}{fence[3]}"
            heading = re.match(r"#+ (.*)", line) if inside is None else None
            if heading:
                anchor = slug(heading[1])
                used[anchor] = used.get(anchor, -1) + 1
                anchor += f"-{used[anchor]}" if used[anchor] else ""
                self.anchors.add(anchor)
                if not line.startswith("# "):  # which is the page's title, too
                    self.lines[index] = f"{line} {{: #{anchor} }}"


class Site:
    def __init__(self, build, out):
        self.stage, self.build, self.out = build / "pages", build, out
        self.pages, self.errors = {}, []  # by source, a path in the repository

    def add(self, source, target, text):
        self.pages[source] = Page(source, target, text)

    def read_pages(self):
        self.add("README.md", "index.md", (ROOT / "README.md").read_text(encoding="utf-8"))
        for path in sorted((ROOT / "docs").glob("*.md")):
            self.add(f"docs/{path.name}", path.name, path.read_text(encoding="utf-8"))

    def resolve(self, page, link, line):
        """What a link becomes in the site."""
        if re.match(r"[a-z]+:", link):
            return link
        path, _, anchor = link.partition("#")
        target = (ROOT / page.source).parent.joinpath(path).resolve() if path else ROOT / page.source
        if not target.is_relative_to(ROOT) or not target.exists():
            self.errors.append(f"{page.source}:{line}: there is no {link}")
            return link
        name = str(target.relative_to(ROOT))
        if name.startswith("include/eddy"):
            name = f"reference:{name}" if target.is_file() else "reference:index"
        if target.suffix in PICTURES:
            return relative(page.target, target.name)
        if name not in self.pages:
            self.add_source(name, target)
        if anchor and anchor not in self.pages[name].anchors:
            self.errors.append(f"{page.source}:{line}: {name} has no heading #{anchor}")
        return relative(page.target, self.pages[name].target) + (f"#{anchor}" if anchor else "")

    def other_link(self, page, match, line):
        if match[1]:
            return f"{match[1]} {self.resolve(page, match[2], line)}"
        target = self.resolve(page, match[4], line)
        return f'{match[3]}"{re.sub(r"[.]md(?=#|$)", ".html", target)}"'  # mkdocs leaves HTML as it is

    def add_source(self, name, path):
        """A page that shows a file of the repository, or what is in a folder."""
        if path.is_dir():
            files = sorted(file for file in path.iterdir() if file.is_file() and file.suffix in (".cpp", ".hpp", ".py"))
            text = f"# {name}\n\n" + "".join(f"- [{file.name}]({file.name}.md)\n" for file in files)
            self.add(name, f"source/{name}/index.md", text)
            for file in files:
                self.add_source(str(file.relative_to(ROOT)), file)
            return
        language = {".cpp": "cpp", ".hpp": "cpp", ".py": "python"}.get(path.suffix, "")
        body = path.read_text(encoding="utf-8", errors="replace").replace("\n```", "\n'''")
        self.add(name, f"source/{name}.md", f"# {name}\n\n```{language}\n{body}\n```\n")

    def write_pages(self):
        done = set()
        while len(done) < len(self.pages):  # links add pages
            for name, page in list(self.pages.items()):
                if name in done:
                    continue
                done.add(name)
                inside = False
                written = name == "README.md" or name.startswith("docs/")  # other pages are made here, with links of the site
                for index, line in enumerate(page.lines if written else []):
                    if line.lstrip().startswith("```"):
                        inside = not inside
                        if line.strip() == "```mermaid":
                            self.errors.append(f"{name}:{index + 1}: the site shows this as code; draw it as an SVG in docs/")
                    if not inside:
                        line = LINK.sub(lambda match: f"{match[1]}({self.resolve(page, match[2], index + 1)})", line)
                        page.lines[index] = OTHER_LINK.sub(lambda match: self.other_link(page, match, index + 1), line)
                path = self.stage / page.target
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("\n".join(page.lines) + "\n", encoding="utf-8")
        for picture in (ROOT / "docs").iterdir():
            if picture.suffix in PICTURES:
                shutil.copy(picture, self.stage)

    # ---- the reference
    def run_doxygen(self):
        settings = {
            "INPUT": ROOT / "include/eddy", "RECURSIVE": "YES", "FILE_PATTERNS": "*.hpp", "GENERATE_HTML": "NO", "GENERATE_LATEX": "NO",
            "GENERATE_XML": "YES", "XML_PROGRAMLISTING": "NO", "OUTPUT_DIRECTORY": self.build / "doxygen", "STRIP_FROM_PATH": ROOT / "include",
            "MACRO_EXPANSION": "YES", "EXPAND_ONLY_PREDEF": "YES", "QUIET": "YES", "WARNINGS": "NO", "AUTOLINK_SUPPORT": "NO",
            "PREDEFINED": "EDDY_COLD= EDDY_NOINLINE= EDDY_INLINE=inline EDDY_SUSPEND= EDDY_TAG(x)=",
            "INPUT_FILTER": f"sed -f {self.build / 'filter.sed'}",
        }
        # doxygen knows no `namespace a::inline b`, and takes a class that is declared twice from where it has no comment.
        (self.build / "filter.sed").write_text("s/namespace eddy::inline EDDY_ABI/namespace eddy/\n"
                                               "/^template <.*>$/{\nN\ns/^template <.*>\\nclass [A-Za-z]*;$/\\n/\n}\n")
        file = self.build / "Doxyfile"
        file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        with open(self.build / "doxygen.log", "w", encoding="utf-8") as log:  # of internals, mostly; check_comments is the judge
            subprocess.run(["doxygen", str(file)], check=True, stdout=log, stderr=log)

    def read_reference(self):
        """The pages of the headers."""
        entities = {}  # header: what is declared in it
        for path in sorted((self.build / "doxygen/xml").glob("*.xml")):
            if not re.match(r"(namespace|class|struct|union|concept)", path.name):
                continue
            compound = ElementTree.parse(path).getroot().find("compounddef")
            name, kind = compound.findtext("compoundname"), compound.get("kind")
            if not is_public(name) or re.search(r">::", name.replace(" ", "")) or compound.get("prot") == "private":
                continue
            if kind != "namespace" and not documentation(compound) and list(path.parent.glob(f"{path.stem}_3*_4.xml")):
                continue  # all of it is in a specialisation
            name = name.split("<")[0].strip()
            if kind == "namespace":
                for member in public_members(compound):
                    entities.setdefault(member.find("location").get("file"), []).append((line_of(member), "member", member, name))
                self.check_comments(name, public_members(compound))
            else:
                entities.setdefault(compound.find("location").get("file"), []).append((line_of(compound), kind, compound, name))
                self.check_comments(name, public_members(compound))
                if not documentation(compound):
                    self.errors.append(f"{name} has no /// comment")
        headers = sorted(str(path.relative_to(ROOT / "include")) for path in (ROOT / "include/eddy").rglob("*.hpp"))
        folders = {}
        for header in headers:
            found = sorted((entity for entity in entities.get(header, [])), key=lambda entity: entity[0])
            text = f"# {header}\n\n```cpp\n#include <{header}>\n```\n\n{opening_comment(ROOT / 'include' / header)}\n"
            text += "".join(f"\n{self.entity(*entity)}" for entity in found)
            if not found:
                text += "\nIt declares nothing that programs use directly.\n"
            self.add(f"reference:include/{header}", f"reference/{header.removeprefix('eddy/').removesuffix('.hpp')}.md", text)
            folders.setdefault(header.removeprefix("eddy/").rpartition("/")[0], []).append((header, found))
        text = "# Reference\n\nA page for each header. Names are those of namespace `eddy`.\n"
        for folder, members in sorted(folders.items()):
            text += f"\n## {folder or 'The umbrellas'}\n\n| header | declares |\n|---|---|\n"
            for header, found in members:
                names = dict.fromkeys(entity[3].split("::")[-1] if entity[1] != "member" else entity[2].findtext("name") for entity in found)
                names = ", ".join(f"`{name}`" for name in names if not name.startswith("operator"))
                text += f"| [{header}]({header.removeprefix('eddy/').removesuffix('.hpp')}.md) | {names} |\n"
        self.add("reference:index", "reference/index.md", text)

    def check_comments(self, owner, members):
        """One comment is enough for overloads."""
        names = {}
        for member in members:
            name = member.findtext("name")
            made = member.get("kind") == "function" and (name == owner.split("::")[-1] or not plain(member.find("type")))  # a constructor
            names[name] = names.get(name, made) or bool(documentation(member)) or member.find("reimplements") is not None
        for name, has_one in names.items():
            if not has_one and name not in PROTOCOL and not name.startswith("~"):
                self.errors.append(f"{owner}::{name} has no /// comment")

    def entity(self, _, kind, element, owner):
        if kind == "member":
            return f"## {element.findtext('name')}\n\n{described(element)}"
        name = owner.removeprefix("eddy::")
        parameters = template(element)
        if kind == "concept":
            return f"## {name}\n\n```cpp\n{element.findtext('initializer') or 'concept ' + name}\n```\n\n{documentation(element)}\n"
        bases = ", ".join(f"{base.get('prot')} {plain(base)}" for base in element.findall("basecompoundref") if "detail" not in plain(base))
        text = f"## {name}\n\n```cpp\n{parameters}{kind} {name}{' : ' + bases if bases else ''}\n```\n\n{documentation(element)}\n"
        for member in public_members(element):
            if documentation(member) and member.findtext("name") not in PROTOCOL:
                text += f"\n### {name}::{member.findtext('name')}\n\n{described(member)}"
        return text

    # ---- the site
    def run_mkdocs(self):
        nav = [{title: self.pages[source].target} for title, name in NAV
               if (source := "README.md" if name == "index" else f"docs/{name}.md") in self.pages]
        named = {page for _, page in NAV} | {"README"}
        nav += [{page.target: page.target} for source, page in self.pages.items() if source.startswith("docs/") and pathlib.Path(source).stem not in named]
        nav.append({"Reference": "reference/index.md"})
        colours = shutil.which("pygmentize") and subprocess.run(["pygmentize", "-S", "default", "-f", "html", "-a", ".codehilite"], capture_output=True, text=True).stdout
        (self.stage / "style.css").write_text(STYLE + (colours or ""))
        settings = {"site_name": "eddy", "docs_dir": str(self.stage), "site_dir": str(self.out), "strict": True, "use_directory_urls": False,
                    "theme": {"name": "readthedocs", "highlightjs": False, "navigation_depth": 2}, "extra_css": ["style.css"], "nav": nav,
                    "markdown_extensions": ["attr_list", "tables", "fenced_code", {"codehilite": {"guess_lang": False}}], "plugins": ["search"]}
        config = self.build / "mkdocs.yml"
        config.write_text(json.dumps(settings))  # which is YAML, too
        result = subprocess.run(["mkdocs", "build", "--strict", "--clean", "-q", "-f", str(config)], capture_output=True, text=True)
        if result.returncode != 0:
            self.errors.append(f"mkdocs: {result.stdout}{result.stderr}")

    def check_output(self):
        """Nothing is fetched from elsewhere, and each link of the reference leads somewhere."""
        for path in self.out.rglob("*.html"):
            text = path.read_text(encoding="utf-8")
            for match in re.finditer(r"<(?:script|img|link|iframe)\b[^>]*\b(?:src|href)=\"((?:https?:)?//[^\"]*)\"", text):
                if "canonical" not in match[0]:
                    self.errors.append(f"{path.relative_to(self.out)} needs {match[1]}")
            for link in [] if path.name == "404.html" else re.findall(r"<a\b[^>]*\bhref=\"([^\"#:]+)(?:#[^\"]*)?\"", text):
                if not (path.parent / html.unescape(link)).exists():
                    self.errors.append(f"{path.relative_to(self.out)} links to {link}, which is not there")


def relative(page, target):
    """A link from one page of the site to another."""
    return "../" * page.count("/") + target


def is_public(name):
    return (name == "eddy" or name.startswith("eddy::")) and "detail" not in name.split("::") and "Internals" not in name


def line_of(element):
    return int(element.find("location").get("line"))


def public_members(compound):
    return [member for member in compound.iter("memberdef") if member.get("prot") == "public" and member.get("kind") != "friend"]


def plain(element):
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


def template(element):
    parameters = element.find("templateparamlist")
    if parameters is None:
        return ""
    parts = []
    for parameter in parameters.findall("param"):
        default = f" = {plain(parameter.find('defval'))}" if parameter.find("defval") is not None else ""
        parts.append(" ".join(part for part in (plain(parameter.find("type")), parameter.findtext("declname")) if part) + default)
    requires = element.find("requiresclause")
    return f"template <{', '.join(parts)}>\n" + (f"  requires {plain(requires)}\n" if requires is not None else "")


def signature(member):
    kind = member.get("kind")
    if kind == "enum":
        values = ", ".join(value.findtext("name") for value in member.findall("enumvalue"))
        return f"enum class {member.findtext('name')} {{ {values} }};"
    text = plain(member.find("definition")).replace("eddy::", "") + (member.findtext("argsstring") or "")
    if kind == "variable" and member.find("initializer") is not None:
        text += " " + plain(member.find("initializer"))
    return template(member) + re.sub(r"\b(\w+)(?:< [^<>]* >)?::(?=\1\b|~?\w+\()", "", text).replace("< ", "<").replace(" >", ">") + ";"


def paragraph(element):
    """Markdown of what doxygen has made of a paragraph."""
    text = element.text or ""
    for child in element:
        inner = paragraph(child)
        if child.tag == "computeroutput":
            inner = f"`{plain(child)}`"
        elif child.tag in ("emphasis", "bold"):
            inner = f"*{inner.strip()}*"
        elif child.tag == "listitem":
            inner = f"\n- {inner.strip()}"
        elif child.tag in ("programlisting", "verbatim"):
            code = "".join("".join(line.itertext()) + "\n" for line in child.findall("codeline")) or plain(child)
            inner = f"\n\n```cpp\n{code}```\n\n"
        text += inner + (child.tail or "")
    return text


def documentation(element):
    parts = []
    for tag in ("briefdescription", "detaileddescription"):
        description = element.find(tag)
        parts += [paragraph(child).strip() for child in description] if description is not None else []
    text = "\n\n".join(part for part in parts if part)
    return LABELS.sub(r"\n\n*\1:* ", text).strip()


def described(member):
    values = "".join(f"- `{value.findtext('name')}`: {documentation(value)}\n" for value in member.findall("enumvalue"))
    return f"```cpp\n{signature(member)}\n```\n\n{documentation(member) or 'As the one above.'}\n" + (f"\n{values}" if values else "")


def opening_comment(path):
    """What stands at the top of a header."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("//") or "SPDX" in line:
            break
        lines.append(line.removeprefix("//").removeprefix(" "))
    return "\n".join(lines).strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", nargs="?", type=pathlib.Path, default=ROOT / "build/site", help="the site's folder, which is replaced")
    out = parser.parse_args().out.resolve()
    if out.exists() and any(out.iterdir()) and not (out / "sitemap.xml").exists():
        return f"{out} is no site that this program has built, and is left alone"
    for program in ("mkdocs", "doxygen"):
        if shutil.which(program) is None:
            return f"there is no {program}: apt-get install mkdocs doxygen python3-pygments"
    build = out.parent / f"{out.name}-work"
    shutil.rmtree(build, ignore_errors=True)
    shutil.rmtree(out, ignore_errors=True)
    site = Site(build, out)
    site.stage.mkdir(parents=True)
    site.read_pages()
    site.run_doxygen()
    site.read_reference()
    site.write_pages()
    if not site.errors:
        site.run_mkdocs()
    if not site.errors:
        site.check_output()
    print(*site.errors, sep="\n", end="\n" if site.errors else "")
    print(f"{len(site.pages)} pages, {len(site.errors)} errors: {out / 'index.html'}")
    return 1 if site.errors else 0


if __name__ == "__main__":
    sys.exit(main())
