// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/ini.hpp"

#include <gtest/gtest.h>

namespace macsec {
namespace {

using namespace std::string_view_literals;

IniDocument parse(std::string_view text) { return IniDocument::parse("t", WipedText{text}); }

/// "Section.Key=Value@line" of every assignment.
std::vector<std::string> flat(const IniDocument& document) {
  std::vector<std::string> out;
  for (const IniAssignment& one : document.assignments()) {
    std::string text{document.sections()[one.section].name};
    text.append(".").append(one.key).append("=").append(one.value).append("@").append(std::to_string(one.line));
    out.push_back(std::move(text));
  }
  return out;
}

std::vector<std::string> told(const IniDocument& document) {
  std::vector<std::string> out;
  for (const Diagnostic& one : document.diagnostics()) out.push_back(to_string(one));
  return out;
}

using Texts = std::vector<std::string>;

TEST(Ini, ExampleOfTheManualPage) {
  // systemd.syntax(7), example 1.
  const IniDocument document = parse(
      "[Section A]\nKeyOne=value 1\nKeyTwo=value 2\n\n# a comment\n\n[Section B]\n"
      "Setting=\"something\" \"some thing\" \"…\"\nKeyTwo=value 2 \\\n       value 2 continued\n\n"
      "[Section C]\nKeyThree=value 3\\\n# this line is ignored\n; this line is ignored too\n       value 3 "
      "continued\n");
  EXPECT_EQ(flat(document), (Texts{"Section A.KeyOne=value 1@2", "Section A.KeyTwo=value 2@3",
                                   "Section B.Setting=\"something\" \"some thing\" \"…\"@8",
                                   "Section B.KeyTwo=value 2         value 2 continued@9",
                                   "Section C.KeyThree=value 3        value 3 continued@13"}));
  EXPECT_TRUE(document.diagnostics().empty());
}

TEST(Ini, SectionsRepeatAndStayApart) {
  const IniDocument document = parse("[Key]\nCkn=01\n[Key]\nCkn=02\n");
  ASSERT_EQ(document.assignments().size(), 2U);
  EXPECT_EQ(document.assignments()[0].section, 0U);
  EXPECT_EQ(document.assignments()[1].section, 1U);
  EXPECT_EQ(document.sections()[1].line, 3U);
}

TEST(Ini, BlanksAndLineEnds) {
  EXPECT_EQ(flat(parse("\xef\xbb\xbf[A]\r\n  k\t=  v  \r\ne=\rx = a=b")), (Texts{"A.k=v@2", "A.e=@3", "A.x=a=b@4"}));
}

TEST(Ini, ContinuationEdges) {
  EXPECT_EQ(flat(parse("[A]\nk=a\\\\\nl=b\n")), (Texts{"A.k=a\\\\@2", "A.l=b@3"}));
  EXPECT_EQ(flat(parse("[A]\nk=a\\")), (Texts{"A.k=a@2"}));
  EXPECT_EQ(flat(parse("[A]\nk=a\\\n\nl=b")), (Texts{"A.k=a@2", "A.l=b@4"}));
  EXPECT_EQ(flat(parse("[A]\nk=a\\\nb\\\nc\\\nd\nl=e")), (Texts{"A.k=a b c d@2", "A.l=e@6"}));
  // A comment is a comment even when it ends in a backslash.
  EXPECT_EQ(flat(parse("[A]\n# x \\\nk=a")), (Texts{"A.k=a@3"}));
}

TEST(Ini, UnusableLinesAreToldWithoutTheirContent) {
  EXPECT_EQ(told(parse("k=1\n[A]\nsecret\n=v\nk=\xc3\x28\n")),
            (Texts{"t:1: assignment outside of a section, line ignored", "t:3: missing '=', line ignored",
                   "t:4: missing key name before '=', line ignored", "t:5: not valid UTF-8"}));
}

TEST(Ini, BrokenHeaderTakesItsAssignmentsAlong) {
  const IniDocument document = parse("[A]\nk=1\n[B\nk=2\n[C]\nk=3\n");
  EXPECT_EQ(flat(document), (Texts{"A.k=1@2", "C.k=3@6"}));
  EXPECT_TRUE(has_error(document.diagnostics()));
}

TEST(Ini, NulAndOverlongLinesStopTheReading) {
  EXPECT_TRUE(has_error(parse("[A]\nk=a\0b\n"sv).diagnostics()));
  const std::string part(IniDocument::max_line / 2, 'x');
  EXPECT_FALSE(has_error(parse("[A]\nk=" + part + "\nl=" + part).diagnostics()));
  EXPECT_TRUE(has_error(parse("[A]\nk=" + part + "\\\n" + part).diagnostics()));
  EXPECT_TRUE(has_error(parse(std::string(IniDocument::max_file + 1, '\n')).diagnostics()));
}

TEST(Ini, Words) {
  using Words = std::vector<std::string_view>;
  EXPECT_EQ(split_words(" a  'b c' \"d\" "), (Words{"a", "b c", "d"}));
  EXPECT_EQ(split_words("a, b,c", true), (Words{"a", "b", "c"}));
  EXPECT_EQ(split_words("a,b"), (Words{"a,b"}));
  EXPECT_EQ(split_words(""), Words{});
  EXPECT_EQ(split_words("\""), std::nullopt);
  EXPECT_EQ(split_words("'a'b"), std::nullopt);
}

TEST(WipedText, ViewsSurviveAMove) {
  WipedText one{"secret"};
  const std::string_view view = one.view();
  const WipedText other{std::move(one)};
  EXPECT_EQ(view, "secret");
  EXPECT_EQ(other.view().data(), view.data());
}

}  // namespace
}  // namespace macsec
