// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/pae/host_answer.hpp"

#include <gtest/gtest.h>

namespace macsec::core {
namespace {

/// A Response with this identifier.
std::vector<std::uint8_t> response(std::uint8_t identifier, std::uint8_t mark) {
  return {2, identifier, 0, 6, 1, mark};
}

struct HostAnswerTest : testing::Test {
  HostAnswer answer;
  void SetUp() override {
    answer.begin();
    answer.take(response(7, 1));
  }
};

TEST_F(HostAnswerTest, TheFirstRejectIsNotBelieved) { EXPECT_FALSE(answer.is_believed()); }

TEST_F(HostAnswerTest, TheSecondInARowIs) {
  answer.doubt();
  answer.drop();
  answer.begin();
  answer.take(response(9, 1));
  EXPECT_TRUE(answer.is_believed());
}

TEST_F(HostAnswerTest, AnotherAnswerToTheSameRequestDisputesIt) {
  answer.note_other(response(7, 2), true);
  EXPECT_TRUE(answer.disputed());
  answer.doubt();
  EXPECT_FALSE(answer.is_believed());
  answer.begin();
  EXPECT_FALSE(answer.disputed()) << "of the conversation before";
}

TEST_F(HostAnswerTest, TheSameAnswerOnceMoreAndThoseToOtherRequestsSayNothing) {
  answer.note_other(response(7, 1), true);
  answer.note_other(response(8, 2), true);
  answer.note_other(response(7, 2), false);
  EXPECT_FALSE(answer.disputed());
}

TEST_F(HostAnswerTest, TheHostsOwnAnswerAfterARejectTakesTheDoubtAway) {
  answer.doubt();
  answer.drop();
  answer.note_other(response(7, 2), false);
  EXPECT_FALSE(answer.is_believed()) << "what was rejected was another station's";
}

TEST_F(HostAnswerTest, WhoIsAcceptedIsDoubtedNoMore) {
  answer.doubt();
  answer.trust();
  EXPECT_FALSE(answer.is_believed());
}

}  // namespace
}  // namespace macsec::core
