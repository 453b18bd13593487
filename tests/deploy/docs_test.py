"""What the documentation says of the repository is there: links, commands,
programs' names."""

import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"```.*?```|`[^`\n]*`", re.S)


def pages():
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT, capture_output=True,
        text=True, check=False).stdout.split()
    # Without git, such as in a tarball: all but what was built.
    return ([ROOT / x for x in listed if (ROOT / x).exists()] or
            [x for x in ROOT.rglob("*.md") if "build" not in x.parts])


def anchors(page):
    """As GitHub makes them of headings."""
    out = set()
    for line in re.sub(r"```.*?```", "", page.read_text(), flags=re.S).splitlines():
        if heading := re.match(r"#+ +(.*?)\s*$", line):
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            out.add(re.sub(r"[^\w\- ]", "", text).replace(" ", "-"))
    return out


class Docs(unittest.TestCase):
    def test_links_lead_somewhere(self):
        for page in pages():
            for target in LINK.findall(FENCED.sub("", page.read_text())):
                if re.match(r"[a-z]+:", target):
                    continue
                path, _, anchor = target.partition("#")
                to = (page.parent / path).resolve() if path else page
                where = f"{page.relative_to(ROOT)}: {target}"
                self.assertTrue(to.exists(), where)
                if anchor:
                    self.assertIn(anchor, anchors(to), where)

    def test_every_page_is_in_the_index(self):
        index = (ROOT / "docs/README.md").read_text()
        for page in sorted((ROOT / "docs").glob("*.md")):
            if page.name != "README.md":
                self.assertIn(f"({page.name})", index)

    def test_every_command_of_run_is_known_to_it_and_told(self):
        usage = subprocess.run([ROOT / "run", "help"], capture_output=True,
                               text=True, check=True).stdout
        known = set(re.findall(r"^  ([a-z]+)\b", usage, re.M))
        self.assertIn("demo", known)
        for page in pages():
            for name in re.findall(r"\./run ([a-z]+)", page.read_text()):
                self.assertIn(name, known, page.relative_to(ROOT))
        readme = (ROOT / "README.md").read_text()
        for name in known - {"help"}:
            self.assertIn(f"./run {name}", readme)

    def test_demo_and_test_come_first_of_all_commands(self):
        first = re.findall(r"^    (\S.*)$", (ROOT / "README.md").read_text(), re.M)
        self.assertTrue(first[0].startswith("./run demo"), first[0])
        self.assertTrue(first[1].startswith("./run test"), first[1])


if __name__ == "__main__":
    unittest.main()
