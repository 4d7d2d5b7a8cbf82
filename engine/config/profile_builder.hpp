// SPDX-License-Identifier: LGPL-2.1-or-later
/// Inside of the profile reader: from assignments, wherever they came from, to a profile.
#pragma once

#include "engine/config/profile_draft.hpp"
#include "engine/config/profile_reader.hpp"

namespace macsec::detail {

/// Where something was said.
struct Place {
  std::string_view file;  ///< empty: by a program
  unsigned line = 0;
  std::string section;    ///< "[Key #2] ", only where there is no file
  std::string setting{};  ///< "Key.Ckn", "Key"
};

struct Item {
  std::string_view key;
  RawValue value;
  Place place;
  bool readable_by_everybody = false;  ///< the file it stands in
};

/// One section: all of its headers for [Link], [MACsec], [MKA] and [8021X], one header for the repeated ones.
struct Group {
  std::string_view section;
  std::size_t instance = 0;
  Place place;
  std::vector<Item> items;

  /// Where `key` was said last, or the section's own place.
  [[nodiscard]] Place place_of(std::string_view key) const;
  [[nodiscard]] bool says(std::string_view key) const noexcept;
};

/// What a file or credential holds, and how it was named.
struct Reference {
  Place place;
  std::string label;  ///< "CakFile=/etc/macsecd/a.cak"
  WipedText text;
};

/// Takes one document set or settings list and is used once.
class ProfileBuilder {
 public:
  ProfileBuilder(const ProfileContext& context, Place whole, Severity unknown)
      : context_{context}, whole_{std::move(whole)}, unknown_{unknown} {}

  /// Takes over diagnostics of the syntax.
  void add_diagnostics(std::span<const Diagnostic> diagnostics);
  /// The group an assignment belongs to; null where the section is unknown (told) or another program's.
  [[nodiscard]] Group* open(std::string_view section, std::size_t instance, const Place& place);

  [[nodiscard]] ProfileReading build(std::string_view name, std::string_view origin, ProfileSource source);
  /// Only the [Key] sections.
  [[nodiscard]] KeyReading build_keys(std::string_view profile);

 private:
  void complain(const Place& place, std::string text) { tell(Severity::error, place, std::move(text)); }
  void tell(Severity severity, const Place& place, std::string text);
  void unknown_key(const Group& group, const Item& item);
  void unknown_section(std::string_view section, const Place& place);
  void apply(const Group& group);
  void apply_item(const Group& group, const Item& item);
  void finish_key(const Group& group);
  void apply_retired();
  [[nodiscard]] static bool is_retired(const Group& group) noexcept;
  void finish_retired(const Group& group);
  void hide_retired();
  void finish_key_source(const Group& group);
  void finish_association(const Group& group);
  void finish_pae(const Group& group);
  void load(const Group& group, std::string_view key, KeyMaterial& material, Secret<32>& out, const Secret<32>* kept);
  [[nodiscard]] bool keeps_cak_in_use(const Group& group, PreSharedKey& key);
  void finish_server(const Group& group);
  void check_tls(const Group& group, RadiusServer& server);
  [[nodiscard]] bool says_one_form(const Group& group, std::string_view key);
  [[nodiscard]] static bool says_no_form(const Group& group, std::string_view key) noexcept;
  [[nodiscard]] std::optional<Reference> read_reference(const Group& group, std::string_view key,
                                                        const std::string& file, const std::string& credential);
  void load_secret(const Group& group, EapSource& secret, const RadiusServer* kept);
  [[nodiscard]] const RadiusServer* kept_server(const RadiusServer& wanted) const noexcept;
  [[nodiscard]] const PreSharedKey* kept_key(const Ckn& ckn) const noexcept;
  [[nodiscard]] const StaticKey* kept_association(const StaticKey& wanted) const noexcept;
  [[nodiscard]] const Group* first(std::string_view section) const noexcept;
  [[nodiscard]] Place place_of(std::string_view section, std::string_view key) const;

  void check_link();
  void check_pattern(const Group& link);
  void check_macsec();
  void check_keys();
  void check_key_source();
  void check_lifetimes();
  void check_expiry();
  void check_strength();
  void refuse_weak(const Place& place, std::string_view what, std::string_view accepted);
  void check_static_keys();
  void check_pae();
  void check_role(const Group& group);
  void check_servers();
  void check_size(const Group& group);
  void check_tls(const Group& group);
  void check_password(const Group& group);
  void check_own_certificate(const Group& group);
  void check_server(const Group& group);
  void check_beside_pae(const Group& group);
  void allow_one(const Group& group, std::initializer_list<std::string_view> keys);
  void choose_static_cipher_suite();

  const ProfileContext& context_;
  Place whole_;
  Severity unknown_;
  std::vector<Group> groups_;
  std::vector<std::string> unknown_sections_;
  std::vector<const Group*> key_groups_;          ///< of profile.keys, one by one
  std::vector<const Group*> association_groups_;  ///< of profile.static_keys
  std::vector<const Group*> server_groups_;       ///< of profile.pae->servers
  ProfileDraft draft_;
  std::vector<Diagnostic> diagnostics_;
};

}  // namespace macsec::detail
