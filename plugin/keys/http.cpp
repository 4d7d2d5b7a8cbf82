// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/keys/http.hpp"

#include "engine/base/ip_address.hpp"
#include "engine/base/text.hpp"

#include <algorithm>

namespace macsec::keys {
namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool is_letter(char c) noexcept { return lower(c) >= 'a' && lower(c) <= 'z'; }
constexpr bool is_unreserved(char c) noexcept {
  return is_digit(c) || is_letter(c) || std::string_view{"-._~"}.contains(c);
}
constexpr bool is_token(char c) noexcept {
  return is_digit(c) || is_letter(c) || std::string_view{"!#$%&'*+-.^_`|~"}.contains(c);
}

bool same(std::string_view one, std::string_view other) noexcept {
  return std::ranges::equal(one, other, {}, lower, lower);
}

/// A name as DNS has it: labels of letters, digits and hyphens.
bool is_host_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > 253) return false;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::ranges::all_of(label, [](char c) { return is_digit(c) || is_letter(c) || c == '-'; })) return false;
    if (label.size() == name.size()) return true;
    name.remove_prefix(label.size() + 1);
  }
  return false;
}

bool is_path(std::string_view path) noexcept {
  return std::ranges::all_of(
      path, [](char c) { return is_unreserved(c) || std::string_view{"/%!$&'()*+,;=:@"}.contains(c); });
}

std::optional<std::uint64_t> decimal(std::string_view text) noexcept {
  if (text.empty() || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  return parse_unsigned(text, UINT32_MAX);
}

}  // namespace

std::string Url::authority() const {
  if (port != 443) return to_endpoint(host, port);
  return host.contains(':') ? '[' + host + ']' : host;
}

Result<Url> parse_url(std::string_view text) {
  constexpr std::string_view scheme = "https://";
  const auto refuse = [](std::string_view why) {
    return fail(std::string{why} + ": https://HOST[:PORT][/PATH] is accepted");
  };
  if (text.size() < scheme.size() || !same(text.substr(0, scheme.size()), scheme)) return refuse("not https://");
  text.remove_prefix(scheme.size());
  const std::size_t slash = std::min(text.find('/'), text.size());
  std::string_view authority = text.substr(0, slash);
  std::string_view path = text.substr(slash);
  if (authority.contains('@')) return refuse("a user name in the address");
  if (!is_path(path)) return refuse("a query, a fragment or another character that has no place in a path");

  Url url;
  const bool bracketed = authority.starts_with('[');
  const std::size_t end = bracketed ? authority.find(']') : std::min(authority.find(':'), authority.size());
  if (end == std::string_view::npos) return refuse("no ] behind the IPv6 address");
  const std::string_view host = bracketed ? authority.substr(1, end - 1) : authority.substr(0, end);
  authority.remove_prefix(end + (bracketed ? 1 : 0));
  const std::optional<IpAddress> address = parse_ip_address(host);
  url.is_address = address.has_value();
  if (bracketed ? !address || address->is_v4 : !address && !is_host_name(host))
    return refuse("neither a host name nor an IP address");
  if (address)
    url.host = to_string(*address);
  else
    std::ranges::transform(host, std::back_inserter(url.host), lower);
  if (!authority.empty()) {
    const auto port = authority.front() == ':' ? decimal(authority.substr(1)) : std::nullopt;
    if (!port || *port == 0 || *port > UINT16_MAX) return refuse("no port from 1 to 65535");
    url.port = static_cast<std::uint16_t>(*port);
  }
  while (path.ends_with('/')) path.remove_suffix(1);
  url.path = path;
  return url;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto octet = static_cast<std::uint8_t>(c);
    if (is_unreserved(c))
      out.push_back(c);
    else
      out += '%' + to_hex(Bytes{&octet, 1});
  }
  return out;
}

std::string write_request(const HttpRequest& request, const Url& url) {
  std::string out = request.method + ' ' + url.path + request.target + " HTTP/1.1\r\nHost: " + url.authority() +
                    "\r\nAccept: application/json\r\nConnection: close\r\n";
  if (!request.body.empty())
    out += "Content-Type: application/json\r\nContent-Length: " + std::to_string(request.body.size()) + "\r\n";
  return out + "\r\n" + request.body;
}

void HttpReader::stop(std::string why) {
  state_ = State::failed;
  problem_ = std::move(why);
  body_.clear();
}

HttpReader::State HttpReader::feed(Bytes octets) {
  for (const std::uint8_t octet : octets) {
    if (state_ == State::done) stop("something follows the answer");
    if (state_ == State::failed) break;
    if (++octets_ > max_answer) {
      stop("an answer of more than 64 KiB");
      break;
    }
    take(octet);
  }
  return state_;
}

HttpReader::State HttpReader::end(bool clean) {
  if (state_ != State::reading) return state_;
  if (octets_ == 0)
    stop("the connection was closed without an answer");
  else if (part_ == Part::until_end && clean)
    state_ = State::done;
  else
    stop("the connection was closed before the answer was complete");
  return state_;
}

void HttpReader::take(std::uint8_t octet) {
  switch (part_) {
    case Part::head:
    case Part::trailer:
      if (++head_octets_ > max_head) return stop("more than 16 KiB of fields");
      return line_octet(octet);
    case Part::chunk_size:
    case Part::chunk_end:
      return line_octet(octet);
    case Part::body:
    case Part::chunk:
      body_.add(Bytes{&octet, 1});
      if (--left_ != 0) return;
      if (part_ == Part::body)
        state_ = State::done;
      else
        part_ = Part::chunk_end;
      return;
    case Part::until_end:
      body_.add(Bytes{&octet, 1});
      return;
  }
}

void HttpReader::line_octet(std::uint8_t octet) {
  if (carriage_return_ != (octet == '\n')) return stop("a line that does not end with CR and LF");
  if (octet == '\n') {
    carriage_return_ = false;
    return end_line();
  }
  if (octet == '\r')
    carriage_return_ = true;
  else if (octet == 0x7f || (octet < 0x20 && octet != '\t'))
    stop("a control character in a field");
  else
    line_.add(Bytes{&octet, 1});
}

void HttpReader::end_line() {
  const WipedBuffer held = std::exchange(line_, WipedBuffer{});
  const std::string_view line = held.view();
  switch (part_) {
    case Part::head:
      if (status_ == 0) return status_line(line);
      return line.empty() ? end_head() : field(line);
    case Part::trailer:
      if (line.empty()) state_ = State::done;
      return;
    case Part::chunk_size:
      return chunk_line(line);
    case Part::chunk_end:
      if (!line.empty()) return stop("a chunk that is longer than it says");
      part_ = Part::chunk_size;
      return;
    case Part::body:
    case Part::chunk:
    case Part::until_end:
      return;
  }
}

void HttpReader::status_line(std::string_view line) {
  if (!line.starts_with("HTTP/1.1 ") && !line.starts_with("HTTP/1.0 ")) return stop("not an answer of HTTP/1.1");
  line.remove_prefix(9);
  const auto status = decimal(line.substr(0, 3));
  if (line.size() < 3 || !status || *status < 100 || *status > 599 || (line.size() > 3 && line[3] != ' '))
    return stop("no status from 100 to 599");
  status_ = static_cast<unsigned>(*status);
}

void HttpReader::field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos || !std::ranges::all_of(line.substr(0, colon), is_token))
    return stop("a field without a name");
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  if (same(name, "Content-Length")) {
    const auto length = decimal(value);
    if (length_ || !length) return stop("a Content-Length that is no number, or comes twice");
    length_ = length;
  } else if (same(name, "Transfer-Encoding")) {
    if (chunked_ || !same(value, "chunked")) return stop("a Transfer-Encoding other than chunked");
    chunked_ = true;
  } else if (same(name, "Content-Encoding") && !same(value, "identity")) {
    stop("a Content-Encoding, which was not asked for");
  }
}

void HttpReader::end_head() {
  if (status_ == 101) return stop("another protocol, which was not asked for");
  if (length_ && chunked_) return stop("both Content-Length and Transfer-Encoding");
  if (status_ < 200) {
    // An interim answer; the true one follows.
    status_ = 0;
    length_.reset();
    chunked_ = false;
    return;
  }
  if (chunked_) {
    part_ = Part::chunk_size;
  } else if (status_ == 204 || status_ == 304 || length_ == std::uint64_t{0}) {
    state_ = State::done;
  } else if (length_) {
    if (*length_ > max_answer) return stop("an answer of more than 64 KiB");
    left_ = *length_;
    part_ = Part::body;
  } else {
    part_ = Part::until_end;
  }
}

void HttpReader::chunk_line(std::string_view line) {
  const std::string_view digits = trim(line.substr(0, line.find(';')));
  const auto size = digits.size() > 8 ? std::nullopt : parse_unsigned("0x" + std::string{digits}, UINT32_MAX);
  if (digits.empty() || !size) return stop("a chunk without a size");
  if (*size > max_answer) return stop("an answer of more than 64 KiB");
  left_ = *size;
  part_ = *size == 0 ? Part::trailer : Part::chunk;
}

}  // namespace macsec::keys
