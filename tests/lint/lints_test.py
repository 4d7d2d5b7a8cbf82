#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""That the lints find what they are for."""

import unittest

import classes
import includes
import sentences
import size
import words


class Includes(unittest.TestCase):
    def found(self, path, text):
        return len(list(includes.check(path, text)))

    def test_direction(self):
        self.assertEqual(self.found("engine/wire/x.cpp", '#include "engine/base/bytes.hpp"\n'), 0)
        self.assertEqual(self.found("engine/base/x.cpp", '#include "engine/wire/types.hpp"\n'), 1)
        self.assertEqual(self.found("engine/core/x.cpp", '#include "engine/adapters/driver.hpp"\n'), 1)
        self.assertEqual(self.found("cli/x.cpp", '#include "engine/wire/mkpdu.hpp"\n'), 1)
        self.assertEqual(self.found("dbus/server/x.cpp", '#include "engine/core/mka/kay.hpp"\n'), 1)
        self.assertEqual(self.found("cli/x.cpp", '#include "x.hpp"\n'), 1)

    def test_system(self):
        self.assertEqual(self.found("engine/core/x.cpp", "#include <systemd/sd-event.h>\n"), 1)
        self.assertEqual(self.found("engine/core/x.cpp", "#include <linux/if_macsec.h>\n"), 1)
        self.assertEqual(self.found("engine/adapters/x.cpp", "#include <linux/if_macsec.h>\n"), 0)
        self.assertEqual(self.found("engine/core/x.cpp", "#include <thread>\n"), 1)

    def test_clock(self):
        self.assertEqual(self.found("engine/core/x.cpp", "auto t = std::chrono::steady_clock::now();\n"), 1)

    def test_folder_comment(self):
        self.assertEqual(len(list(includes.check_build("cli/meson.build", "static_library('cli')"))), 2)


class Size(unittest.TestCase):
    def test_file(self):
        self.assertEqual(len(list(size.check_file("a.cpp", "\n" * 501))), 1)
        self.assertEqual(len(list(size.check_file("a.cpp", "\n" * 500))), 0)

    def test_function(self):
        body = "  x();\n" * 70
        text = f"namespace a {{\nint f(int x) const noexcept {{\n  if (x) {{\n{body}  }}\n}}\nclass B {{\n{body}}};\n}}\n"
        self.assertEqual([length for _, length in size.functions(text)], [73])
        self.assertEqual(len(list(size.check_functions("a.cpp", text))), 1)
        self.assertEqual(len(list(size.check_functions("a.cpp", text.replace(body, "")))), 0)


class Sentences(unittest.TestCase):
    def test_texts(self):
        code = 'std::string A::words() const {\n  return ok ? "no carrier on " + parent : "a peer is heard, "\n      "but it does not";\n}\n'
        self.assertEqual(list(sentences.texts(sentences.body(code, "A::words"))), ["no carrier on", "a peer is heard, but it does not"])
        self.assertIsNone(sentences.body(code, "A::other"))

    def test_catalogue(self):
        entry = "-- %s\nSubject: @MACSEC_INTERFACE@ is secured\n" % ("0" * 32)
        self.assertEqual(list(sentences.missing("`macsec0 is secured`", {}, entry)), [])
        self.assertEqual(len(list(sentences.missing("nothing", {}, entry))), 1)
        self.assertEqual(len(list(sentences.missing("`macsec0 is secured`", {}, entry + entry))), 1)


class Classes(unittest.TestCase):
    METHOD = "int Kay::find() const {\n  return 1;\n}\n"
    # REUSE-IgnoreStart
    SPDX = "// SPDX-License-Identifier: LGPL-2.1-or-later\n"
    # REUSE-IgnoreEnd

    def found(self, path, text, has_header=False):
        return len(list(classes.check(path, text, has_header)))

    def test_headless_source(self):
        self.assertEqual(self.found("engine/core/x.cpp", self.SPDX + self.METHOD), 1)
        self.assertEqual(self.found("engine/core/x.cpp", self.SPDX + "// How it finds.\n" + self.METHOD), 1)
        self.assertEqual(self.found("engine/core/x.cpp", self.SPDX + "// No class of its own: it has no state.\n" + self.METHOD), 0)
        self.assertEqual(self.found("engine/core/x.cpp", self.SPDX + self.METHOD, has_header=True), 0)

    def test_free_functions_and_tables(self):
        self.assertEqual(self.found("engine/core/x.cpp", self.SPDX + "int find() {\n  return 1;\n}\n"), 0)
        self.assertEqual(self.found("cli/verbs/x.cpp", self.SPDX + self.METHOD), 0)
        self.assertEqual(self.found("dbus/daemon/main.cpp", self.SPDX + self.METHOD), 0)


class Words(unittest.TestCase):
    def test_sleep(self):
        for text in ("  time.sleep(1)\n", "  usleep(10);\n", "std::this_thread::sleep_for(1ms);\n"):
            self.assertEqual(len(list(words.check_sleep("tests/a.py", text))), 1, text)
        self.assertEqual(len(list(words.check_sleep("tests/a.sh", "do sleep 1; done\n"))), 1)
        self.assertEqual(len(list(words.check_sleep("tests/a.py", "# poll: no event\ntime.sleep(x)\n"))), 0)

    def test_text(self):
        self.assertEqual(len(list(words.check_text("a.md", "TO" "DO: more\n"))), 1)
        self.assertEqual(len(list(words.check_prose("a.md", "It is made anew.\nIt is re-created.\n"))), 1)
        self.assertEqual(len(list(words.check_licence("a.cpp", "int x;\n"))), 1)
        # REUSE-IgnoreStart
        kernel = "// SPDX-License-Identifier: GPL-2.0-only\n"
        # REUSE-IgnoreEnd
        self.assertEqual(len(list(words.check_licence("tests/vm/macseclab/a.c", kernel))), 0)
        self.assertEqual(len(list(words.check_licence("tests/vm/a.cpp", kernel))), 1)
        self.assertTrue(words.is_source("tests/vm/macseclab/Kbuild", kernel))


if __name__ == "__main__":
    unittest.main()
