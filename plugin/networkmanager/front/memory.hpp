// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the next process has to know, in a file without a name that the service manager keeps.
#pragma once

#include "engine/base/bytes.hpp"
#include "engine/base/handle.hpp"
#include "engine/base/result.hpp"
#include "engine/base/secret.hpp"

#include <map>
#include <string>
#include <vector>

namespace macsec::nm {

/// Grows as it is written to, and is wiped at its end.
class Record {
 public:
  Record() = default;
  Record(const Record&) = delete;
  Record& operator=(const Record&) = delete;
  ~Record() { wipe(octets_); }

  void number(std::uint64_t value);
  void octets(Bytes value);
  void text(const std::string& value);
  void texts(const std::map<std::string, std::string>& value);
  [[nodiscard]] Bytes all() const noexcept { return octets_; }

 private:
  void append(Bytes value);
  std::vector<std::uint8_t> octets_;
};

/// Reads what Record wrote; as Reader it yields nothing after a failure.
class RecordReader {
 public:
  explicit RecordReader(Bytes octets) noexcept : reader_{octets} {}
  [[nodiscard]] bool ok() const noexcept { return reader_.ok(); }
  [[nodiscard]] std::uint64_t number() noexcept { return reader_.u64(); }
  template <typename T>
  [[nodiscard]] T as() noexcept {
    return static_cast<T>(number());
  }
  [[nodiscard]] Bytes octets() noexcept { return reader_.take(reader_.u64()); }
  [[nodiscard]] std::string text();
  [[nodiscard]] std::map<std::string, std::string> texts();

 private:
  Reader reader_;
};

class Memory {
 public:
  /// `file` from an earlier process, or none.
  [[nodiscard]] static Result<Memory> open(FileDescriptor file);
  [[nodiscard]] int file() const noexcept { return file_.get(); }
  [[nodiscard]] std::vector<std::uint8_t> read() const;  ///< to be wiped by the caller
  [[nodiscard]] Result<void> write(Bytes octets) const;

 private:
  explicit Memory(FileDescriptor file) : file_{std::move(file)} {}
  FileDescriptor file_;
};

}  // namespace macsec::nm
