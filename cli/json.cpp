// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/json.hpp"

#include <cmath>
#include <fmt/format.h>

namespace macsec::cli {
namespace {

class Writer {
 public:
  explicit Writer(bool pretty) : pretty_{pretty} {}

  // As deep as a message of the bus, which is bounded.
  // NOLINTNEXTLINE(misc-no-recursion)
  void value(const bus::Value& value) {
    // NOLINTNEXTLINE(misc-no-recursion)
    std::visit([this](const auto& each) { write(each); }, value.data());
  }
  [[nodiscard]] std::string take() && { return std::move(out_) + '\n'; }

 private:
  void write(std::monostate) { out_ += "null"; }
  void write(bool flag) { out_ += flag ? "true" : "false"; }
  void write(std::uint64_t number) { out_ += fmt::format("{}", number); }
  void write(std::int64_t number) { out_ += fmt::format("{}", number); }
  void write(double number) { out_ += std::isfinite(number) ? fmt::format("{}", number) : "null"; }
  void write(const std::string& text) {
    out_ += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\')
        out_ += fmt::format("\\{}", c);
      else if (static_cast<unsigned char>(c) < ' ')
        out_ += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      else
        out_ += c;
    }
    out_ += '"';
  }
  // NOLINTNEXTLINE(misc-no-recursion)
  void write(const bus::Value::List& list) {
    bool first = true;
    open('[');
    for (const bus::Value& each : list) {
      next(first);
      value(each);
    }
    close(']', first);
  }
  // NOLINTNEXTLINE(misc-no-recursion)
  void write(const bus::Value::Dict& dict) {
    bool first = true;
    open('{');
    for (const auto& [key, each] : dict) {
      next(first);
      write(key);
      out_ += pretty_ ? ": " : ":";
      value(each);
    }
    close('}', first);
  }

  void open(char bracket) {
    out_ += bracket;
    ++depth_;
  }
  void next(bool& first) {
    if (!first) out_ += ',';
    first = false;
    line();
  }
  void close(char bracket, bool empty) {
    --depth_;
    if (!empty) line();
    out_ += bracket;
  }
  void line() {
    if (pretty_) out_.append("\n").append(2 * depth_, ' ');
  }

  bool pretty_;
  std::size_t depth_ = 0;
  std::string out_;
};

}  // namespace

std::string to_json(const bus::Value& value, JsonForm form) {
  Writer writer{form == JsonForm::pretty};
  writer.value(value);
  return std::move(writer).take();
}

}  // namespace macsec::cli
