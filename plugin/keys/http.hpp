// SPDX-License-Identifier: LGPL-2.1-or-later
/// HTTP/1.1 (RFC 9112) as a client of key servers speaks it: one request, one answer, then the connection is closed.
#pragma once

#include "engine/base/result.hpp"
#include "engine/base/wiped.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace macsec::keys {

/// An address of the kind "https://HOST[:PORT][/PATH]".
struct Url {
  std::string host;  ///< a name in lower case, or an IP address without brackets
  bool is_address = false;
  std::uint16_t port = 443;
  std::string path;  ///< empty, or begins with "/" and does not end with one

  /// What Host: says, and people are told.
  [[nodiscard]] std::string authority() const;
};
/// The error says what is accepted. User names, queries and fragments are not.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

/// `text` as one segment of a path or one value of a query (RFC 3986 2.1).
[[nodiscard]] std::string percent_encode(std::string_view text);

struct HttpRequest {
  std::string method;
  std::string target;  ///< path and query
  std::string body;    ///< JSON; empty: none
};
[[nodiscard]] std::string write_request(const HttpRequest& request, const Url& url);

/// Reads one answer from pieces of any size. The body is kept in a buffer that is wiped.
class HttpReader {
 public:
  static constexpr std::size_t max_head = 16UL * 1024;    ///< octets of status line and fields
  static constexpr std::size_t max_answer = 64UL * 1024;  ///< octets altogether

  enum class State : std::uint8_t { reading, done, failed };

  /// Takes the next octets of the connection.
  State feed(Bytes octets);
  /// The connection ended; `clean`: by TLS's own word, so that nothing was cut off.
  State end(bool clean);

  [[nodiscard]] State state() const noexcept { return state_; }
  /// Why the state is failed; holds nothing of the answer.
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
  [[nodiscard]] unsigned status() const noexcept { return status_; }
  [[nodiscard]] std::string_view body() const noexcept { return body_.view(); }

 private:
  enum class Part : std::uint8_t { head, body, chunk_size, chunk, chunk_end, trailer, until_end };

  void take(std::uint8_t octet);
  void line_octet(std::uint8_t octet);
  void end_line();
  void status_line(std::string_view line);
  void field(std::string_view line);
  void end_head();
  void chunk_line(std::string_view line);
  void stop(std::string why);

  State state_ = State::reading;
  Part part_ = Part::head;
  std::string problem_;
  unsigned status_ = 0;
  std::optional<std::uint64_t> length_;
  bool chunked_ = false;
  std::uint64_t left_ = 0;  ///< octets of the body or chunk
  std::size_t octets_ = 0;  ///< of the answer so far
  std::size_t head_octets_ = 0;
  bool carriage_return_ = false;
  WipedBuffer line_;
  WipedBuffer body_;
};

}  // namespace macsec::keys
