// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/bytes.hpp"
#include "engine/base/command_line.hpp"
#include "engine/base/file.hpp"
#include "engine/base/ip_address.hpp"
#include "engine/base/secret.hpp"
#include "engine/base/text.hpp"
#include "tests/temporary_directory.hpp"

#include <cerrno>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace macsec {
namespace {

TEST(Reader, FailureSticks) {
  const std::array<std::uint8_t, 3> octets{1, 2, 3};
  Reader reader{octets};
  EXPECT_EQ(reader.u16(), 0x0102U);
  EXPECT_EQ(reader.u32(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0U);
  EXPECT_FALSE(reader.ok());
}

TEST(Writer, StopsAtTheEnd) {
  std::array<std::uint8_t, 4> buffer{};
  Writer writer{buffer};
  writer.u16(0x0102);
  writer.u32(0x03040506);
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(writer.size(), 2U);
  writer.u8(7);
  EXPECT_EQ(writer.size(), 2U);
}

TEST(Secret, MovedFromIsEmpty) {
  const std::array<std::uint8_t, 4> octets{1, 2, 3, 4};
  Secret<16> one{Bytes{octets}};
  const Secret<16> other{std::move(one)};
  EXPECT_TRUE(one.empty());  // NOLINT(bugprone-use-after-move): the point of the test
  EXPECT_EQ(other, Secret<16>{Bytes{octets}});
}

TEST(Text, Hex) {
  EXPECT_EQ(to_hex(std::array<std::uint8_t, 3>{0, 0xab, 0x10}), "00ab10");
  std::array<std::uint8_t, 2> out{};
  EXPECT_EQ(from_hex("aBCd", out), 2U);
  EXPECT_EQ(to_hex(out), "abcd");
  EXPECT_EQ(from_hex("", out), 0U);
  for (const std::string_view wrong : {"a", "abc", "abcdef", "0g", "0x", " 1"})
    EXPECT_FALSE(from_hex(wrong, out)) << wrong;
  EXPECT_FALSE(from_hex("ffzz", out));
  EXPECT_EQ(out[0], 0) << "nothing is left of a key with a typing error";
}

TEST(Text, Unsigned) {
  EXPECT_EQ(parse_unsigned("0", 10), 0U);
  EXPECT_EQ(parse_unsigned("0x1F", 255), 31U);
  EXPECT_EQ(parse_unsigned("18446744073709551615", ~std::uint64_t{0}), ~std::uint64_t{0});
  for (const std::string_view wrong : {"", "-1", "+1", "256", "1 ", "0x", "0xg", "18446744073709551616"})
    EXPECT_FALSE(parse_unsigned(wrong, 255)) << wrong;
}

TEST(Text, ParseDuration) {
  using namespace std::chrono_literals;
  EXPECT_EQ(parse_duration("90"), 90s);
  EXPECT_EQ(parse_duration(" 90 s "), 90s);
  EXPECT_EQ(parse_duration("1h 30min"), 90min);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration(".25s"), 250ms);
  EXPECT_EQ(parse_duration("2.0"), 2s);
  EXPECT_EQ(parse_duration("1d"), 24h);
  EXPECT_EQ(parse_duration("7us"), 7us);
  EXPECT_EQ(parse_duration("0"), 0s);
  for (const std::string_view wrong : {"", " ", "s", "1x", "1 30", "-1", "1h-", "infinity", ".",
                                       "999999999999999999999", "9999999y 9999999y", "1..5s"})
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
}

TEST(Text, FormatDuration) {
  using namespace std::chrono_literals;
  EXPECT_EQ(format_duration(0s), "0");
  EXPECT_EQ(format_duration(90min), "1h 30min");
  EXPECT_EQ(format_duration(250ms), "250ms");
  EXPECT_EQ(format_duration(2s), "2s");
  EXPECT_EQ(format_duration(49h + 5s), "2d 1h");
  EXPECT_EQ(format_duration(-3s), "-3s");
  for (const Duration span : {Duration{1}, Duration{1500}, Duration{24h}, Duration{61s}})
    EXPECT_EQ(parse_duration(format_duration(span)), span);
}

TEST(Text, Boolean) {
  for (const std::string_view word : {"1", "Yes", "y", "TRUE", "t", "on"}) EXPECT_EQ(parse_boolean(word), true) << word;
  for (const std::string_view word : {"0", "no", "N", "False", "f", "off"})
    EXPECT_EQ(parse_boolean(word), false) << word;
  for (const std::string_view word : {"", "2", "yess", "of"}) EXPECT_FALSE(parse_boolean(word)) << word;
}

TEST(Text, Utf8) {
  using namespace std::string_view_literals;
  EXPECT_TRUE(is_utf8("aä€𝄞"));
  for (const std::string_view bad : {"\x80"sv, "\xc0\x80"sv, "\xc3"sv, "\xed\xa0\x80"sv, "\xf4\x90\x80\x80"sv, "\xff"sv,
                                     "\xe0\x80\x80"sv, "\xef\xbf\xbf"sv})
    EXPECT_FALSE(is_utf8(bad));
}

TEST(Text, WhatAStrangerSaysIsPrintable) {
  const auto shown = [](std::string_view text, std::size_t most = 256) {
    return printable_text({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, most);
  };
  EXPECT_EQ(shown("gr\u00fc\u00df dich"), "gr\u00fc\u00df dich");
  EXPECT_EQ(shown("alice\x1b[2J\xff\x7f\n"), "alice\\x1b[2J\\xff\\x7f\\x0a");
  EXPECT_EQ(shown("\u0085"), "\\xc2\\x85") << "U+0080 to U+009F move a cursor, too";
  EXPECT_EQ(shown("gr\u00fc", 3), "gr\\xc3") << "a character that is cut is none";
  EXPECT_EQ(shown(shown("\x1b")), "\\x1b");
}

TEST(Text, Trim) {
  EXPECT_EQ(trim(" \t a b\r "), "a b");
  EXPECT_EQ(trim("  "), "");
}

// ---- files ----------------------------------------------------------------------------------------------------------

/// A umask for the time of a test.
class Umask {
 public:
  explicit Umask(mode_t mask) noexcept : before_{::umask(mask)} {}
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;
  ~Umask() { ::umask(before_); }

 private:
  mode_t before_;
};

mode_t mode_of(const std::string& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777U;
}

std::string content(const std::string& path) {
  const auto file = read_file(path, 4096);
  return file ? std::string{file->text.view()} : file.error().message;
}

TEST(File, ModesAreThoseAskedForWhateverTheUmask) {
  for (const mode_t mask : {0U, 022U, 077U}) {
    const test::TemporaryDirectory directory;
    const Umask umask{mask};
    const std::string path = directory.path() / "a/b/file";
    ASSERT_TRUE(write_file(path, "text", {.mode = 0640, .directory_mode = 0751}));
    EXPECT_EQ(mode_of(path), 0640U) << mask;
    EXPECT_EQ(mode_of(directory.path() / "a/b"), 0751U) << mask;
    EXPECT_EQ(mode_of(directory.path() / "a"), 0751U) << mask;
    ASSERT_TRUE(write_file(path, "more", {.mode = 0600}));
    EXPECT_EQ(mode_of(path), 0600U) << "another mode than the file had";
    EXPECT_EQ(content(path), "more");
  }
}

TEST(File, IsReplacedWholeOrNotAtAll) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path() / "file";
  ASSERT_TRUE(write_file(path, "old", {}));
  std::string temporary;
  {
    const auto given_up = FileReplacement::write(path, "new", {});
    ASSERT_TRUE(given_up) << given_up.error().message;
    temporary = given_up->path();
    EXPECT_EQ(content(temporary), "new");
    EXPECT_EQ(content(path), "old");
  }
  EXPECT_EQ(::access(temporary.c_str(), F_OK), -1);
  EXPECT_EQ(content(path), "old");
  auto replacement = FileReplacement::write(path, "new", {});
  ASSERT_TRUE(replacement);
  ASSERT_TRUE(replacement->commit());
  EXPECT_EQ(content(path), "new");
  EXPECT_EQ(::access(temporary.c_str(), F_OK), -1);
}

TEST(File, WhatACrashLeftIsNotWrittenInto) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path() / "file";
  const std::string victim = directory.path() / "victim";
  ASSERT_TRUE(write_file(victim, "kept", {}));
  ASSERT_EQ(::symlink(victim.c_str(), (directory.path() / ".file.new").c_str()), 0);
  ASSERT_TRUE(write_file(path, "new", {}));
  EXPECT_EQ(content(path), "new");
  EXPECT_EQ(content(victim), "kept");
}

TEST(File, ErrorsNameTheFile) {
  const test::TemporaryDirectory directory;
  const std::string file = directory.path() / "file";
  ASSERT_TRUE(write_file(file, "12345", {}));
  EXPECT_EQ(read_file(file, 4).error().message, "cannot read " + file + ": more than 4 octets");
  EXPECT_EQ(read_file(file + "2", 4).error().code, ENOENT);
  EXPECT_EQ(read_file(directory.path(), 4).error().message,
            "cannot read " + directory.path().string() + ": not a regular file");
  const auto below_a_file = write_file(file + "/x", "", {});
  ASSERT_FALSE(below_a_file);
  EXPECT_EQ(below_a_file.error().message, "cannot write " + file + "/x: Not a directory");
}

TEST(IpAddress, IsReadInEveryFormAndWrittenInOne) {
  for (const auto& [text, written] :
       std::initializer_list<std::pair<const char*, const char*>>{{"192.0.2.1", "192.0.2.1"},
                                                                  {"255.255.255.255", "255.255.255.255"},
                                                                  {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
                                                                  {"2001:0db8::0001", "2001:db8::1"},
                                                                  {"::", "::"},
                                                                  {"::1", "::1"},
                                                                  {"1::", "1::"},
                                                                  {"fe80::", "fe80::"},
                                                                  {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
                                                                  {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
                                                                  {"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
                                                                  {"1:0:0:2:3:0:0:4", "1::2:3:0:0:4"},
                                                                  {"1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"},
                                                                  {"::ffff:192.0.2.1", "::ffff:c000:201"},
                                                                  {"64:ff9b::192.0.2.1", "64:ff9b::c000:201"}}) {
    const std::optional<IpAddress> address = parse_ip_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(to_string(*address), written) << text;
    EXPECT_TRUE(parse_ip_address(written) == address) << text;
  }
}

TEST(IpAddress, NothingElseIsOne) {
  for (const char* text : {"",
                           ".",
                           "192.0.2",
                           "192.0.2.1.",
                           "192.0.2.256",
                           "192.0.02.1",
                           "192.0.2.1/24",
                           " 192.0.2.1",
                           "+1.2.3.4",
                           "localhost",
                           ":",
                           ":::",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "1::2::3",
                           "1:",
                           ":1",
                           "1:2:3:4:5:6:7:8::",
                           "::1:2:3:4:5:6:7:8",
                           "12345::",
                           "g::",
                           "fe80::1%eth0",
                           "::192.0.2",
                           "192.0.2.1::",
                           "1:2:3:4:5:6:7:192.0.2.1",
                           "[::1]"})
    EXPECT_FALSE(parse_ip_address(text)) << text;
}

TEST(IpAddress, OneHostIsNeitherAnyNorAGroup) {
  for (const char* text : {"192.0.2.1", "127.0.0.1", "223.255.255.255", "::1", "fe80::1", "2001:db8::"})
    EXPECT_TRUE(parse_ip_address(text)->is_unicast()) << text;
  for (const char* text : {"0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "ff02::1"})
    EXPECT_FALSE(parse_ip_address(text)->is_unicast()) << text;
}

TEST(WipedBuffer, GrowsAndIsTaken) {
  WipedBuffer buffer;
  const std::array<std::uint8_t, 2> octets{0x0f, 0xa0};
  EXPECT_EQ(buffer.add("").view(), "");
  buffer.add("Cak=").add_hex(octets).add(Bytes{octets});
  EXPECT_EQ(buffer.view(), "Cak=0fa0\x0f\xa0");
  const std::string large(100'000, 'x');
  buffer.add(large);
  EXPECT_EQ(buffer.view().substr(10), large);
  EXPECT_EQ(buffer.octets().size(), 10 + large.size());
  const WipedText taken = buffer.take();
  EXPECT_EQ(taken.size(), 10 + large.size());
  EXPECT_TRUE(buffer.view().empty());
}

struct Program {
  std::string folder{};
  std::vector<std::string> files{};
  bool loud = false;

  /// What is wrong; "" to work, "help", "version".
  std::string read(std::vector<std::string_view> words) {
    const CommandLine line{"lamp",
                           "Lights.",
                           {{"--loud", "", "say it", sets(loud, true)},
                            {"--folder", "DIR", "look here",
                             [this](std::string_view value) -> std::string_view {
                               folder = value;
                               return value == "/" ? "no root" : "";
                             }},
                            {"--check", "[FILE...]", "look at them",
                             [this](std::string_view value) -> std::string_view {
                               if (!value.empty()) files.emplace_back(value);
                               return {};
                             }}},
                           "More.\n"};
    const auto asks = line.read(words);
    if (!asks) return asks.error().message;
    return *asks == CommandLine::Asks::help ? line.help() : *asks == CommandLine::Asks::version ? "version" : "";
  }
};

TEST(CommandLine, EachSpellingOfAValueAndWordsThatAnOptionGathers) {
  Program program;
  EXPECT_EQ(program.read({"--folder", "/a", "--loud", "--check", "x", "--folder=/b", "y"}), "");
  EXPECT_TRUE(program.loud);
  EXPECT_EQ(program.folder, "/b");
  EXPECT_EQ(program.files, (std::vector<std::string>{"x", "y"}));
}

TEST(CommandLine, ErrorsNameTheArgumentAndWhatIsAccepted) {
  const std::string accepted =
      "; this is accepted: lamp [--help] [--version] [--loud] [--folder DIR] [--check [FILE...]]";
  const auto said = [](std::vector<std::string_view> words) { return Program{}.read(std::move(words)); };
  EXPECT_EQ(said({"x"}), "unknown argument x" + accepted);
  EXPECT_EQ(said({""}), "unknown argument \"\"" + accepted);
  EXPECT_EQ(said({"--check", "", "x"}), "unknown argument \"\"" + accepted);
  EXPECT_EQ(said({"--chekc", "x"}), "there is no option --chekc, did you mean --check?" + accepted);
  EXPECT_EQ(said({"--nothing=1"}), "there is no option --nothing=1" + accepted);
  EXPECT_EQ(said({"-x"}), "there is no option -x" + accepted);
  EXPECT_EQ(said({"--loud=yes"}), "--loud takes no value" + accepted);
  EXPECT_EQ(said({"--folder"}), "--folder needs a value: DIR");
  EXPECT_EQ(said({"--folder="}), "--folder needs a value: DIR");
  EXPECT_EQ(said({"--folder=/"}), "--folder=/ is not accepted: no root");
}

TEST(CommandLine, HelpAndVersionWinOverErrorsBehindThem) {
  const std::string help =
      "Usage: lamp [OPTION...]\n\nLights.\n\nOptions:\n"
      "  -h, --help         show this help\n"
      "  --version          show the version\n"
      "  --loud             say it\n"
      "  --folder DIR       look here\n"
      "  --check [FILE...]  look at them\n\nMore.\n";
  EXPECT_EQ(Program{}.read({"--help", "x"}), help);
  EXPECT_EQ(Program{}.read({"--loud", "-h"}), help);
  EXPECT_EQ(Program{}.read({"--version", "x"}), "version");
  EXPECT_NE(Program{}.read({"x", "--version"}), "version");
}

}  // namespace
}  // namespace macsec
