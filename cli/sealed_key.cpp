// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/sealed_key.hpp"

#include "cli/filter.hpp"
#include "cli/secret_writer.hpp"
#include "engine/base/file.hpp"
#include "engine/base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <unistd.h>

namespace macsec::cli {
namespace {

constexpr std::string_view program = "systemd-creds";

/// One line of a text without its line end; `next` is where the one after begins.
std::string_view line_at(std::string_view text, std::size_t at, std::size_t& next) {
  const std::size_t end = std::min(text.find('\n', at), text.size());
  next = std::min(end + 1, text.size());
  return text.substr(at, end - at);
}

std::size_t offset_of_line(std::string_view text, unsigned line) {
  std::size_t at = 0;
  for (unsigned i = 1; i < line && at < text.size(); ++i) line_at(text, at, at);
  return at;
}

/// Whether a Ckn= as written, padded or not, is the CKN as the daemon tells it.
bool is_name_of(std::string_view written, std::string_view ckn) {
  return written.size() <= ckn.size() &&
         std::ranges::equal(
             written, ckn.substr(0, written.size()), {},
             [](char each) { return each >= 'A' && each <= 'F' ? static_cast<char>(each - 'A' + 'a') : each; }) &&
         ckn.find_first_not_of('0', written.size()) == std::string_view::npos;
}

WipedText digits_of(const Secret<32>& cak) {
  WipedBuffer out;
  out.add_hex(cak.expose());
  return out.take();
}

/// Whether the encrypted file holds the key.
Result<bool> holds(const std::string& path, const std::string& name, const Secret<32>& cak) {
  auto text = filter({std::string{program}, "decrypt", "--name=" + name, path, "-"}, {});
  if (!text) return fail(EIO, fmt::format("{} cannot be decrypted: {}", path, text.error().message));
  auto key = decode_key_text(text->view(), path);
  if (!key) return std::unexpected{key.error()};
  return *key == cak;
}

}  // namespace

Result<KeyPlace> key_place(std::string_view origin) {
  const std::size_t colon = origin.rfind(':');
  const auto line =
      colon == std::string_view::npos ? std::nullopt : parse_unsigned(origin.substr(colon + 1), 1U << 30U);
  if (!origin.starts_with('/') || !line || *line == 0)
    return fail(EINVAL,
                fmt::format("it is in no file of macsecd ({}): only keys in profile files can be sealed", origin));
  return KeyPlace{std::string{origin.substr(0, colon)}, static_cast<unsigned>(*line)};
}

Result<KeySection> find_key_section(WipedText text, const KeyPlace& place, std::string_view ckn) {
  KeySection out;
  out.text = std::move(text);
  const std::string_view all = out.text.view();
  std::size_t next = offset_of_line(all, place.line);
  const auto changed =
      fail(EINVAL, fmt::format("{}:{} is not the [Key] of {} any more: macsecctl reload", place.file, place.line, ckn));
  if (trim(line_at(all, next, next)) != "[Key]") return changed;
  bool found = false;
  while (next < all.size()) {
    const std::size_t begin = next;
    const std::string_view line = trim(line_at(all, begin, next));
    if (line.starts_with('[')) break;
    const std::size_t equals = line.find('=');
    if (line.starts_with('#') || line.starts_with(';') || equals == std::string_view::npos) continue;
    const std::string_view key = trim(line.substr(0, equals));
    const std::string_view value = trim(line.substr(equals + 1));
    if (key == "Ckn" && !is_name_of(value, ckn)) return changed;
    if (key == "CakCredential" && !value.empty()) {
      out.sealed = true;
      return out;
    }
    if ((key != "Cak" && key != "CakFile") || value.empty()) continue;
    if (found || value.ends_with('\\'))
      return fail(EINVAL, fmt::format("{}:{}: its secret stands in more than one line", place.file, place.line));
    found = true;
    out.begin = begin;
    out.end = next;
    if (key == "CakFile") {
      out.key_file = value;
      continue;
    }
    auto cak = decode_key_text(value, fmt::format("Cak= of {}:{}", place.file, place.line));
    if (!cak) return std::unexpected{cak.error()};
    out.cak = std::move(*cak);
  }
  if (!found) return fail(EINVAL, fmt::format("{}:{} has no Cak= and no CakFile=", place.file, place.line));
  return out;
}

WipedText with_credential(const KeySection& section, std::string_view credential) {
  const std::string_view all = section.text.view();
  WipedBuffer out;
  out.add(all.substr(0, section.begin)).add("CakCredential=").add(credential).add("\n").add(all.substr(section.end));
  return out.take();
}

std::string credential_name(std::string_view profile, std::string_view ckn) {
  std::string name = fmt::format("{}.{}", profile, ckn);
  std::ranges::replace(name, ':', '_');  // which systemd uses between names of descriptors
  return name;
}

std::string sealed_path(std::string_view profile, std::string_view ckn) {
  return fmt::format("{}/{}", credential_store, credential_name(profile, ckn));
}

Result<bool> remove_sealed(std::string_view profile, std::string_view ckn) {
  const std::string path = sealed_path(profile, ckn);
  if (::unlink(path.c_str()) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return fail(errno, fmt::format("cannot remove {}: {}", path, std::strerror(errno)));
}

Result<void> seal(const Secret<32>& cak, const std::string& name, const std::string& with) {
  const std::string path = fmt::format("{}/{}", credential_store, name);
  const std::string id = std::string{credential_prefix} + name;
  if (::access(path.c_str(), F_OK) == 0) {
    const auto same = holds(path, id, cak);
    if (!same) return std::unexpected{same.error()};
    if (*same) return {};
    return fail(EEXIST, path + " holds another key: remove it if nothing needs it");
  }
  const WipedText digits = digits_of(cak);
  auto encrypted =
      filter({std::string{program}, "encrypt", "--name=" + id, "--with-key=" + with, "-", "-"}, digits.view());
  if (!encrypted) return fail(EIO, fmt::format("{} with --with={}", encrypted.error().message, with));
  auto file = FileReplacement::write(path, encrypted->view(), {.mode = 0600, .directory_mode = 0700});
  if (!file) return std::unexpected{file.error()};
  const auto same = holds(file->path(), id, cak);
  if (!same) return std::unexpected{same.error()};
  if (!*same) return fail(EIO, std::string{program} + " did not give back what it was given");
  return file->commit();
}

}  // namespace macsec::cli
