// SPDX-License-Identifier: LGPL-2.1-or-later
/// Keys in credentials of the service, encrypted for this host or its TPM (systemd-creds(1)).
#pragma once

#include "engine/base/result.hpp"
#include "engine/base/secret.hpp"
#include "engine/base/wiped.hpp"

#include <string>

namespace macsec::cli {

/// Where macsecd.service looks for them: a file there is a credential of the name CREDENTIAL_PREFIX and its own.
inline constexpr std::string_view credential_store = "/etc/credstore.encrypted/macsecd";
inline constexpr std::string_view credential_prefix = "macsecd_";

/// Where a secret stands in a profile's file: `Cak=` or `CakFile=` of the [Key] at a line.
struct KeyPlace {
  std::string file;
  unsigned line = 0;  ///< of the section, from 1
};
/// "FILE:LINE" as the property Keys tells it; nothing for a key that is in no file.
[[nodiscard]] Result<KeyPlace> key_place(std::string_view origin);

/// The text of a file whose [Key] is to be sealed.
struct KeySection {
  WipedText text;         ///< of the whole file
  std::size_t begin = 0;  ///< of the line with the secret
  std::size_t end = 0;    ///< behind its line end
  std::string key_file;   ///< CakFile=; empty: Cak=
  bool sealed = false;    ///< it says CakCredential= already; the members above say nothing
  Secret<32> cak;         ///< of Cak=
};
/// EINVAL where the section is not one that can be rewritten: it is elsewhere by now or another key's, or its value goes on over several lines.
[[nodiscard]] Result<KeySection> find_key_section(WipedText text, const KeyPlace& place, std::string_view ckn);

/// The same file with CakCredential=`credential` in place of the secret.
[[nodiscard]] WipedText with_credential(const KeySection& section, std::string_view credential);

/// The name of the credential of a key: profile and CKN, in letters that systemd takes.
[[nodiscard]] std::string credential_name(std::string_view profile, std::string_view ckn);

/// Where the store has, or would have, the key.
[[nodiscard]] std::string sealed_path(std::string_view profile, std::string_view ckn);

/// Removes the key of a profile from the store. False where it is not there; EACCES where only root can tell.
[[nodiscard]] Result<bool> remove_sealed(std::string_view profile, std::string_view ckn);

/// Encrypts `cak` as that credential into the store, `with` "auto", "tpm2" or "host", and decrypts it again before it has its
/// place. A credential of the name that is there is used where it holds the key; EEXIST where it holds another one.
[[nodiscard]] Result<void> seal(const Secret<32>& cak, const std::string& name, const std::string& with);

}  // namespace macsec::cli
