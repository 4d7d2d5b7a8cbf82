// SPDX-License-Identifier: LGPL-2.1-or-later
/// A bus, the server over a TestModel, polkit's mock and clients, all on one event loop in one process.
#pragma once

#include "dbus/bus/names.hpp"
#include "dbus/client/mirror.hpp"
#include "tests/dbus/polkit_mock.hpp"
#include "tests/dbus/private_bus.hpp"
#include "tests/dbus/server_over_model.hpp"

#include <gtest/gtest.h>

namespace macsec::test {

/// A client of its own connection.
class Caller {
 public:
  Caller(sd_event* event, const std::string& address, bool interactive = false);

  [[nodiscard]] bus::Client& client() noexcept { return *client_; }
  [[nodiscard]] std::string name() const;
  /// Runs the loop until the answer is there.
  template <typename T>
  [[nodiscard]] bus::Outcome<T> call(const bus::Request<T>& request) {
    std::optional<bus::Outcome<T>> answer;
    client_->send<T>(request, [&answer](bus::Outcome<T> outcome) { answer = std::move(outcome); });
    run_until(event_, [&answer] { return answer.has_value(); });
    if (!answer) return std::unexpected{bus::CallError{bus::CallError::Kind::timeout, "", "no answer"}};
    return std::move(*answer);
  }
  /// Name of the error a request ends in; empty for success.
  template <typename T>
  [[nodiscard]] std::string error_of(const bus::Request<T>& request) {
    const bus::Outcome<T> outcome = call(request);
    return outcome ? "" : outcome.error().name;
  }
  /// A call of any shape; `arguments` writes them. The error's name, or empty.
  [[nodiscard]] std::string raw_error(const char* path, const char* interface, const char* member,
                                      const std::function<int(sd_bus_message*)>& arguments = {});

 private:
  sd_event* event_;
  std::unique_ptr<bus::Client> client_;
};

class BusTest : public testing::Test {
 protected:
  BusTest();
  void run_until(const std::function<bool()>& met) {
    EXPECT_TRUE(test::run_until(event_.get(), met)) << "what is waited for does not come";
  }

  PrivateBus bus_;
  EventPointer event_;
  std::optional<PolkitMock> polkit_;
  std::optional<ServerOverModel> served_;
  std::optional<Caller> caller_;

  [[nodiscard]] TestModel& model() { return served_->model; }
  [[nodiscard]] Caller& caller() { return *caller_; }
  [[nodiscard]] bus::Client& client() { return caller_->client(); }
  [[nodiscard]] Caller another_caller(bool interactive = false) { return {event_.get(), bus_.address(), interactive}; }
  /// Adds profile "lab" for macsec0 on eth0; its path.
  std::string add_lab(const bus::ProfileOptions& options = {});
  [[nodiscard]] bus::ProfileInfo profile(const std::string& path);
  [[nodiscard]] bus::SessionInfo session(const std::string& path);
};

inline constexpr const char* lab_path = "/org/macsecd1/profile/lab";
inline constexpr const char* macsec0_path = "/org/macsecd1/session/macsec0";

/// Settings of a profile that can run.
[[nodiscard]] bus::Settings lab_settings(const std::string& interface = "macsec0");

}  // namespace macsec::test
