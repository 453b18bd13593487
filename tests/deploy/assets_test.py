#!/usr/bin/python3
"""The operators' page (app/web/assets) is plain files that a strict policy of
the browser allows, and that make no markup of data. This looks at the text of
them; tests/interop/suites/test_web.py looks at what a browser does with them."""
import pathlib
import re
import unittest

ASSETS = pathlib.Path(__file__).resolve().parents[2] / "app" / "web" / "assets"
KINDS = {".html", ".css", ".js", ".svg"}
MOST_LINES = 400
MOST_BYTES = {".js": 125_000, ".css": 26_000}

# Names of XML dialects; nothing is fetched from there.
NAMESPACES = {"http://www.w3.org/2000/svg"}

ANYWHERE = [
    (r"\b(inner|outer)HTML\b", "makes markup of text"),
    (r"\binsertAdjacentHTML\b|\bsetHTML(Unsafe)?\b|\bDOMParser\b"
     r"|\bcreateContextualFragment\b|\bsrcdoc\b", "makes markup of text"),
    (r"\bdocument\s*\.\s*write(ln)?\b", "makes markup of text"),
    (r"\beval\s*\(|\bnew\s+Function\b|\bFunction\s*\(", "makes code of text"),
    (r"\bset(Timeout|Interval)\s*\(\s*['\"`]", "makes code of text"),
    (r"\blocalStorage\b|\bsessionStorage\b", "keeps data in the browser"),
    (r"@import\b", "fetches"),
]
IN_MARKUP = [
    (r"\son[a-z]+\s*=", "a handler as an attribute"),
    (r"\sstyle\s*=", "a style as an attribute"),
    (r"<style\b", "a style that is no file"),
    (r"<script\b(?![^>]*\ssrc=)", "a script that is no file"),
]
IN_SCRIPTS = [
    (r"setAttribute\(\s*['\"](on|style)", "a handler or style as an attribute"),
    (r"^\s*(import|export)\b.*\bfrom\s+['\"](?!\./[a-z_]+\.js['\"])",
     "imports from elsewhere"),
    (r"\bimport\(\s*(?!'\./[a-z_]+\.js'\))", "imports from elsewhere"),
    (r"(?<![\w'\"])style\s*:\s*['\"`{]", "a style as an attribute"),
    (r"(?<![\w'\"])on[a-z]+\s*:\s*['\"`]", "a handler as an attribute"),
]


def faults(name, text):
    """Sentences about what this file must not have."""
    kind = pathlib.PurePath(name).suffix
    rules = ANYWHERE + {".js": IN_SCRIPTS, ".html": IN_MARKUP,
                        ".svg": IN_MARKUP}.get(kind, [])
    out = []
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, why in rules:
            if re.search(pattern, line):
                out.append(f"{name}:{number}: {why}: {line.strip()[:80]}")
        for url in re.findall(r"(?:https?:)?//[\w.-]+\.\w[^\s'\"`)]*", line):
            if url not in NAMESPACES and not line.lstrip().startswith("//"):
                out.append(f"{name}:{number}: an address elsewhere: {url}")
    lines = text.count("\n")
    if lines >= MOST_LINES:
        out.append(f"{name}: {lines} lines; fewer than {MOST_LINES} are read")
    return out


class Assets(unittest.TestCase):
    def setUp(self):
        self.files = {x.name: x.read_text() for x in sorted(ASSETS.iterdir())}

    def test_they_are_plain_files_of_known_kinds(self):
        for name, text in self.files.items():
            self.assertIn(pathlib.PurePath(name).suffix, KINDS, name)
            self.assertRegex(name, r"^[a-z_]+\.[a-z]+$")
            self.assertTrue(text.isprintable() or "\x00" not in text, name)

    def test_nothing_in_them_is_forbidden(self):
        found = [y for name, text in self.files.items()
                 for y in faults(name, text)]
        self.assertEqual([], found, "\n" + "\n".join(found))

    def test_what_they_name_is_there_and_nothing_else_is(self):
        named = set(re.findall(r'(?:src|href)="assets/([^"]+)"',
                               self.files["index.html"]))
        for name, text in self.files.items():
            if name.endswith(".js"):
                named |= set(re.findall(r"'\./([a-z_]+\.js)'", text))
        self.assertEqual(set(self.files) - {"index.html"}, named)

    def test_the_page_is_light(self):
        for kind, most in MOST_BYTES.items():
            size = sum(len(text.encode()) for name, text in self.files.items()
                       if name.endswith(kind))
            self.assertLessEqual(size, most, kind)

    def test_the_page_has_its_base_from_the_service(self):
        page = self.files["index.html"]
        self.assertEqual(1, page.count("{{base}}"))
        self.assertLess(page.index("<base href"), page.index("assets/"))
        self.assertNotRegex(page, r'(src|href)="/')


class TheRulesThemselves(unittest.TestCase):
    """A rule that finds nothing in a bad line guards nothing."""

    BAD = {
        "a.js": ["x.innerHTML = y;", "x.outerHTML = y;",
                 "x.insertAdjacentHTML('beforeend', y);",
                 "document.write(y);", "eval(y);", "new Function('y');",
                 "setTimeout('y()', 1);", "x.setAttribute('onclick', y);",
                 "x.setAttribute('style', y);", "h('p', {style: 'top: 0'});",
                 "h('p', {onclick: 'y()'});",
                 "import {h} from 'https://example.com/h.js';",
                 "import {h} from 'h';", "await import(y);",
                 "fetch('https://example.com/x');",
                 "fetch('//example.com/x');",
                 "localStorage.key = secret;"],
        "a.html": ["<p onclick=\"y()\">", "<p style=\"top: 0\">", "<style>",
                   "<script>", "<img src=\"https://example.com/x.png\">"],
        "a.css": ["@import 'x.css';",
                  "p { background: url(https://example.com/x.png); }"],
    }
    GOOD = {
        "a.js": ["node.addEventListener('click', f);",
                 "h('p', {on: {click: f}, css: {'--w': '4%'}});",
                 "import {h} from './h.js';",
                 "(await import('./job.js')).jobScreen",
                 "const svg = 'http://www.w3.org/2000/svg';",
                 "const shown = 'https://…, or a file';"],
        "a.html": ["<script type=\"module\" src=\"assets/app.js\"></script>"],
    }

    def test_each_bad_line_is_found(self):
        for name, lines in self.BAD.items():
            for line in lines:
                self.assertTrue(faults(name, line + "\n"), line)

    def test_no_good_line_is(self):
        for name, lines in self.GOOD.items():
            for line in lines:
                self.assertEqual([], faults(name, line + "\n"))

    def test_a_long_file_is_found(self):
        self.assertTrue(faults("a.css", "\n" * MOST_LINES))


if __name__ == "__main__":
    unittest.main()
