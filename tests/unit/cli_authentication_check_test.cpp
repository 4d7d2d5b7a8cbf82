// SPDX-License-Identifier: LGPL-2.1-or-later
/// What `profile check` makes of macsec-eap's words, with a program in its place.
#include "cli/authentication_check.hpp"
#include "tests/temporary_directory.hpp"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>

namespace macsec::cli {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class AuthenticationCheckTest : public testing::Test {
 protected:
  /// A program that keeps what it is given and says `words`.
  std::string stand_in(const std::string& words, int code) {
    // As another user it has to get to its files.
    fs::permissions(directory_.path(), fs::perms::all);
    const fs::path program = directory_.path() / "program";
    std::ofstream{program} << "#!/bin/sh\n[ \"$*\" = --check ] || exit 9\ncat > " << given().string() << "\ncat <<'X'\n"
                           << words << "X\nexit " << code << "\n";
    fs::permissions(program, fs::perms::all);
    return program.string();
  }
  [[nodiscard]] fs::path given() const { return directory_.path() / "given"; }

  static Profile profile() {
    Profile out;
    out.origin = "/etc/macsecd/lab.macsec";
    out.pae.emplace();
    out.pae->eap.methods = {EapType::tls};
    out.pae->eap.client_certificate = {EapSource::Kind::file, "/host.pem", {}};
    return out;
  }

  const test::TemporaryDirectory directory_;
};

TEST_F(AuthenticationCheckTest, TheProfileIsJudgedByMacsecEap) {
  const AuthenticationCheck good = check_authentication(profile(), stand_in("client certificate \"a\"\n", 0));
  EXPECT_THAT(good.facts, ElementsAre("client certificate \"a\""));
  EXPECT_THAT(good.diagnostics, IsEmpty());
  std::ifstream file{given(), std::ios::binary};
  const std::string octets{std::istreambuf_iterator<char>{file}, {}};
  const auto read = read_eap_profile({reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()});
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, profile().pae->eap);

  const AuthenticationCheck bad =
      check_authentication(profile(), stand_in("warning: doubtful\nerror: ClientCertificate=/host.pem: no\n", 3));
  ASSERT_EQ(bad.diagnostics.size(), 2U);
  EXPECT_EQ(bad.diagnostics[0].severity, Severity::warning);
  EXPECT_EQ(bad.diagnostics[1].severity, Severity::error);
  EXPECT_EQ(bad.diagnostics[1].setting, "8021X.ClientCertificate");
  EXPECT_EQ(to_string(bad.diagnostics[1]), "/etc/macsecd/lab.macsec: ClientCertificate=/host.pem: no");
}

TEST_F(AuthenticationCheckTest, WhatWasNotOpenedIsTold) {
  EXPECT_THAT(check_authentication(Profile{}, "/nonexistent").diagnostics, IsEmpty());
  const AuthenticationCheck missing = check_authentication(profile(), "/nonexistent");
  ASSERT_EQ(missing.diagnostics.size(), 1U);
  EXPECT_EQ(missing.diagnostics[0].severity, Severity::warning);
  EXPECT_THAT(missing.diagnostics[0].text, HasSubstr("[8021X] is not opened: /nonexistent: No such file"));

  Profile sealed = profile();
  sealed.pae->eap.private_key = {EapSource::Kind::credential, "key", {}};
  const AuthenticationCheck credentials = check_authentication(sealed, stand_in("", 0));
  ASSERT_EQ(credentials.diagnostics.size(), 1U);
  EXPECT_THAT(credentials.diagnostics[0].text, HasSubstr("credentials of macsec-eap.service"));
  EXPECT_FALSE(fs::exists(given()));

  const AuthenticationCheck crashed = check_authentication(profile(), stand_in("", 7));
  ASSERT_EQ(crashed.diagnostics.size(), 1U);
  EXPECT_EQ(crashed.diagnostics[0].severity, Severity::error);
  EXPECT_THAT(crashed.diagnostics[0].text, HasSubstr("--check ended with 7"));
}

}  // namespace
}  // namespace macsec::cli
