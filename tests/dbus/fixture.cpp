// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/dbus/fixture.hpp"

namespace macsec::test {

Caller::Caller(sd_event* event, const std::string& address, bool interactive) : event_{event} {
  auto client = bus::Client::connect({.address = address, .interactive = interactive});
  if (!client || !(*client)->attach(event)) throw std::runtime_error{"no client"};
  client_ = std::move(*client);
}

std::string Caller::name() const {
  const char* name = nullptr;
  sd_bus_get_unique_name(client_->bus(), &name);
  return name;
}

std::string Caller::raw_error(const char* path, const char* interface, const char* member,
                              const std::function<int(sd_bus_message*)>& arguments) {
  sd_bus_message* raw = nullptr;
  if (sd_bus_message_new_method_call(client_->bus(), &raw, bus::service_name, path, interface, member) < 0)
    return "cannot be made";
  bus::Request<bus::Nothing> request{bus::MessagePointer{raw}};
  if (arguments && arguments(raw) < 0) return "cannot be written";
  return error_of(request);
}

BusTest::BusTest() : event_{new_event()} {
  bus_.start();
  polkit_.emplace(event_.get(), bus_.address());
  bus::ServerOptions options;  // no trusted users: polkit's mock decides
  options.address = bus_.address();
  served_.emplace(event_.get(), std::move(options));
  if (!served_->server.start()) throw std::runtime_error{"the server does not start"};
  run_until([this] { return served_->server.has_name(); });
  caller_.emplace(event_.get(), bus_.address());
}

std::string BusTest::add_lab(const bus::ProfileOptions& options) {
  const auto path = caller().call(client().add_profile("lab", lab_settings(), options));
  EXPECT_TRUE(path) << path.error().text;
  return path ? path->text : "";
}

bus::ProfileInfo BusTest::profile(const std::string& path) {
  const auto properties = caller().call(client().properties(path, bus::interface::profile));
  EXPECT_TRUE(properties) << properties.error().text;
  return properties ? bus::to_profile(path, properties->dict()) : bus::ProfileInfo{};
}

bus::SessionInfo BusTest::session(const std::string& path) {
  const auto properties = caller().call(client().properties(path, bus::interface::session));
  EXPECT_TRUE(properties) << properties.error().text;
  return properties ? bus::to_session(path, properties->dict()) : bus::SessionInfo{};
}

bus::Settings lab_settings(const std::string& interface) {
  static constexpr std::array<std::uint8_t, 16> cak{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  bus::Settings settings;
  settings.push_back({"Link", {{"Parent", "eth0"}, {"Interface", interface}}});
  settings.push_back({"MKA", {{"Priority", "100"}}});
  settings.push_back({"Key", {{"Ckn", "00112233"}}});
  settings.back().secrets.emplace_back("Cak", bus::to_secret(cak));
  return settings;
}

}  // namespace macsec::test
