#!/usr/bin/python3
"""Files that are compiled together mean what they mean alone.

In a unity build, a file sees the unnamed namespaces of the files before it. A
helper there hides a function of the same name from an outer namespace, and the
compiler says nothing. So Clang reads each unity file, and no name in one of its
files may be another file's own.

usage: together_test.py BUILD_FOLDER
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import sys
import tempfile
import unittest

try:
    from clang import cindex
except ImportError:
    print("skipped: python3-clang-14 is not installed")
    sys.exit(77)

# libstdc++ and Asio have coroutines for this Clang when they are told so.
COROUTINES = ["-D__cpp_impl_coroutine=201902L", "-DBOOST_ASIO_HAS_CO_AWAIT",
              "-DBOOST_ASIO_HAS_STD_COROUTINE"]
# Only its name is the first file's: each file says for itself what it stands for.
HARMLESS = (cindex.CursorKind.NAMESPACE, cindex.CursorKind.NAMESPACE_ALIAS)


def compiled(command):
    """Its options that say what the code means, and its precompiled header."""
    options, headers = [], []
    words = iter(shlex.split(command)[1:])
    for word in words:
        if word == "-include":
            headers.append(next(words))
        elif word.startswith(("-I", "-D", "-std=")):
            options.append(word)
        elif word == "-isystem":
            options += [word, next(words)]
    return options + COROUTINES, headers


def files_of(unity):
    return re.findall(r'#include "([^"]+\.cpp)"', pathlib.Path(unity).read_text())


def meant(cursor):
    """All that its name can stand for."""
    if cursor.kind != cindex.CursorKind.OVERLOADED_DECL_REF:
        return [cursor.referenced] if cursor.referenced else []
    library = cindex.conf.lib
    return [library.clang_getOverloadedDecl(cursor, i)
            for i in range(library.clang_getNumOverloadedDecls(cursor))]


def file_of(cursor):
    return cursor.location.file.name if cursor.location.file else None


def borrowed(cursor, files):
    """What it means, when only another one of the files declares that."""
    own = file_of(cursor)
    if own is None:
        return
    for found in meant(cursor):
        first = found.canonical
        if (first.kind not in HARMLESS and not first.spelling.startswith("__builtin_")
                and all(file_of(x) in files and file_of(x) != own
                        for x in (found, first))):
            yield first


def findings(unity, command):
    """A line for each."""
    files = files_of(unity)
    options, headers = compiled(command)
    # By name and not by `-include`, or Clang would take GCC's precompiled one.
    text = "".join(f'#include "{x}"\n' for x in headers + [unity])
    unit = cindex.Index.create().parse("together.cpp", ["-w"] + options,
                                       [("together.cpp", text)])
    lines = [f"{unity}: {x.spelling}" for x in unit.diagnostics
             if x.severity >= cindex.Diagnostic.Error]
    for top in unit.cursor.get_children():
        if file_of(top) not in files:
            continue
        for cursor in top.walk_preorder():
            lines += [f"{file_of(cursor)}:{cursor.location.line}: {x.spelling} is "
                      f"that of {file_of(x)}:{x.location.line} in a unity build"
                      for x in borrowed(cursor, files)]
    return sorted(set(lines))


class Together(unittest.TestCase):
    def test_a_hidden_function_is_seen(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "a.cpp").write_text(
                "namespace outer { int f(long); namespace { int f(int) "
                "{ return 1; } } int a() { return f(0); } }\n")
            (folder / "b.cpp").write_text(
                "namespace outer { int f(long); int b() { return f(0); } }\n")
            unity = folder / "unity_0_cxx.cxx"
            unity.write_text(f'#include "{folder}/a.cpp"\n'
                             f'#include "{folder}/b.cpp"\n')
            found = findings(str(unity), "c++ -std=c++20 -c x")
            self.assertEqual(len(found), 1, found)
            self.assertRegex(found[0], r"b\.cpp:1: f is that of .*a\.cpp:1")

    def test_no_file_borrows_a_name(self):
        listed = pathlib.Path(BUILD, "compile_commands.json").read_text()
        units = {x["file"]: x["command"] for x in json.loads(listed)
                 if "/Unity/" in x["file"] and len(files_of(x["file"])) > 1}
        self.assertGreater(len(units), 10)
        with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
            found = [line for lines in pool.map(findings, units, units.values())
                     for line in lines]
        if found:
            self.fail("\n" + "\n".join(found))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    BUILD = sys.argv.pop()
    unittest.main()
