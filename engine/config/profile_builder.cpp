// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/profile_builder.hpp"

#include "engine/base/file.hpp"
#include "engine/config/profile_secrets.hpp"

#include <algorithm>
#include <unistd.h>

namespace macsec::detail {
namespace {

constexpr std::size_t max_key_file = 4096;
constexpr std::string_view blanks = " \t\r\n";

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Names that may be repeated in a message: what looks like one, so that a key pasted into the wrong place is not.
bool is_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 24 && std::count_if(text.begin(), text.end(), is_digit) <= 4 &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; });
}

std::string in_brackets(std::string_view section) { return "[" + std::string{section} + "]"; }

}  // namespace

Place Group::place_of(std::string_view key) const {
  const auto found = std::find_if(items.rbegin(), items.rend(), [key](const Item& item) { return item.key == key; });
  Place out = found == items.rend() ? place : found->place;
  out.setting.assign(section).append(".").append(key);
  return out;
}

bool Group::says(std::string_view key) const noexcept {
  const auto found = std::find_if(items.rbegin(), items.rend(), [key](const Item& item) { return item.key == key; });
  return found != items.rend() && !(found->value.text.empty() && found->value.octets.empty());
}

void ProfileBuilder::add_diagnostics(std::span<const Diagnostic> diagnostics) {
  diagnostics_.insert(diagnostics_.end(), diagnostics.begin(), diagnostics.end());
}

void ProfileBuilder::tell(Severity severity, const Place& place, std::string text) {
  diagnostics_.push_back(
      {severity, std::string{place.file}, place.line, place.section + std::move(text), place.setting});
}

Group* ProfileBuilder::open(std::string_view section, std::size_t instance, const Place& place) {
  if (is_extension(section)) return nullptr;
  if (!is_profile_section(section)) {
    unknown_section(section, place);
    return nullptr;
  }
  const std::size_t number = is_repeated_section(section) ? instance : 0;
  const auto found = std::find_if(groups_.begin(), groups_.end(), [section, number](const Group& group) {
    return group.section == section && group.instance == number;
  });
  if (found != groups_.end()) return &*found;
  groups_.push_back({section, number, place, {}});
  return &groups_.back();
}

void ProfileBuilder::unknown_section(std::string_view section, const Place& place) {
  // A program names the section with each setting; once is enough.
  if (place.file.empty()) {
    if (std::find(unknown_sections_.begin(), unknown_sections_.end(), section) != unknown_sections_.end()) return;
    unknown_sections_.emplace_back(section);
  }
  const Place bare{place.file, place.line, {}, is_name(section) ? std::string{section} : std::string{}};
  std::string text = is_name(section) ? "unknown section " + in_brackets(section) : "unknown section";
  const std::string_view near = nearest_profile_section(section);
  if (!near.empty()) text += ", did you mean " + in_brackets(near) + "?";
  tell(unknown_, bare, std::move(text));
}

void ProfileBuilder::unknown_key(const Group& group, const Item& item) {
  std::string text = is_name(item.key) ? "unknown key " + std::string{item.key} + "=" : "unknown key";
  if (!item.place.file.empty()) text += " in " + in_brackets(group.section);
  if (const ProfileKey* near = nearest_profile_key(group.section, item.key); near != nullptr) {
    text.append(near->section == group.section ? ", did you mean " : ", it belongs in ");
    text += near->section == group.section ? std::string{near->name} + "=?" : in_brackets(near->section);
  }
  tell(unknown_, item.place, std::move(text));
}

void ProfileBuilder::apply_item(const Group& group, const Item& item) {
  const ProfileRule* rule = find_profile_rule(group.section, item.key);
  if (rule == nullptr) {
    if (!is_extension(item.key)) unknown_key(group, item);
    return;
  }
  if (item.value.text.empty() && item.value.octets.empty()) return;
  if (item.readable_by_everybody && holds_secret(rule->key, item.value.text))
    complain(item.place, std::string{item.key} +
                             "= stands in a file that everybody can read: give the file mode 0640, owner "
                             "root and group macsecd, or keep the key in a file or credential of its own");
  const Verdict verdict = rule->set(draft_, item.value);
  if (!verdict.accepted) complain(item.place, refusal(rule->key, item.value.text, verdict.why));
}

void ProfileBuilder::apply(const Group& group) {
  draft_.key = {};
  draft_.association = {};
  draft_.server = {};
  for (auto item = group.items.begin(); item != group.items.end(); ++item) {
    // What an empty assignment takes back further down was never said.
    const bool taken_back = std::any_of(item + 1, group.items.end(), [item](const Item& later) {
      return later.key == item->key && later.value.text.empty() && later.value.octets.empty();
    });
    if (!taken_back) apply_item(group, *item);
  }
  if (group.section == "Key") finish_key(group);
  if (group.section == "StaticKeys") finish_association(group);
  if (group.section == "KeySource") finish_key_source(group);
  if (group.section == "8021X") finish_pae(group);
  if (group.section == "RadiusServer") finish_server(group);
}

/// `key` is "Cak", "Key" or "Secret"; the other forms are that and "File" or "Credential".
bool ProfileBuilder::says_one_form(const Group& group, std::string_view key) {
  const std::string name{key};
  const std::array said{group.says(name), group.says(name + "File"), group.says(name + "Credential")};
  const auto count = std::count(said.begin(), said.end(), true);
  if (count == 1) return true;
  const std::string one = "one of " + name + "=, " + name + "File= and " + name + "Credential=";
  complain(group.place, count == 0 ? one + " is required" : "only " + one + " may be given");
  return false;
}

bool ProfileBuilder::says_no_form(const Group& group, std::string_view key) noexcept {
  const std::string name{key};
  return !group.says(name) && !group.says(name + "File") && !group.says(name + "Credential");
}

/// The file or credential that one of the other two forms of `key` names.
std::optional<Reference> ProfileBuilder::read_reference(const Group& group, std::string_view key,
                                                        const std::string& file, const std::string& credential) {
  if (context_.without_keys || (file.empty() && credential.empty())) return std::nullopt;
  const std::string name = std::string{key} + (file.empty() ? "Credential" : "File");
  Reference out{group.place_of(name), name + "=" + (file.empty() ? credential : file), {}};
  if (file.empty() && context_.credentials_directory.empty()) {
    complain(out.place, out.label + ": the service was given no credentials (LoadCredential= in its unit)");
    return std::nullopt;
  }
  Result<FileText> read =
      read_file(file.empty() ? context_.credentials_directory + "/" + credential : context_.root + file, max_key_file);
  if (!read) {
    complain(out.place, out.label + ": " + read.error().message);
    return std::nullopt;
  }
  if (!file.empty() && open_to_everybody(read->mode)) {
    complain(out.place, out.label + " is open to everybody: give it mode 0640, owner root and group macsecd");
    return std::nullopt;
  }
  out.text = std::move(read->text);
  return out;
}

void ProfileBuilder::load(const Group& group, std::string_view key, KeyMaterial& material, Secret<32>& out,
                          const Secret<32>* kept) {
  if (kept != nullptr && says_no_form(group, key)) {
    out = kept->duplicate();
    return;
  }
  if (!says_one_form(group, key)) return;
  if (group.says(key)) {
    out = std::move(material.octets);
    return;
  }
  const std::optional<Reference> reference = read_reference(group, key, material.file, material.credential);
  if (!reference) return;
  std::string_view digits = reference->text.view();
  const std::size_t start = std::min(digits.find_first_not_of(blanks), digits.size());
  digits.remove_prefix(start);
  digits.remove_suffix(digits.size() - std::min(digits.find_last_not_of(blanks) + 1, digits.size()));
  if (!decode_key(digits, out))
    complain(reference->place, reference->label + " must hold 32 or 64 hexadecimal digits and nothing else");
}

const PreSharedKey* ProfileBuilder::kept_key(const Ckn& ckn) const noexcept {
  if (context_.keep_secrets == nullptr) return nullptr;
  const std::vector<PreSharedKey>& keys = context_.keep_secrets->keys;
  // A key that is in no file shall not come into one.
  const auto found = std::find_if(keys.begin(), keys.end(),
                                  [&ckn](const PreSharedKey& key) { return key.ckn == ckn && !key.origin.memory; });
  return found == keys.end() ? nullptr : &*found;
}

const StaticKey* ProfileBuilder::kept_association(const StaticKey& wanted) const noexcept {
  if (context_.keep_secrets == nullptr) return nullptr;
  const std::vector<StaticKey>& keys = context_.keep_secrets->static_keys;
  const auto found = std::find_if(keys.begin(), keys.end(), [&wanted](const StaticKey& key) {
    return key.transmit == wanted.transmit && key.peer == wanted.peer && key.an == wanted.an;
  });
  return found == keys.end() ? nullptr : &*found;
}

/// A key that was sealed while this process runs is among the credentials of the next one.
bool ProfileBuilder::keeps_cak_in_use(const Group& group, PreSharedKey& key) {
  const std::string& credential = draft_.key.cak.credential;
  if (credential.empty() || !context_.cak_in_use || group.says("Cak") || group.says("CakFile")) return false;
  const std::string path = context_.credentials_directory + "/" + credential;
  if (!context_.credentials_directory.empty() && ::access(path.c_str(), F_OK) == 0) return false;
  const Secret<32>* const in_use = context_.cak_in_use(draft_.profile.name, key.ckn);
  if (in_use == nullptr) return false;
  tell(Severity::warning, group.place_of("CakCredential"),
       "CakCredential=" + credential +
           " is not there: credentials are read at the start of the service, and until then "
           "the CAK in use stays");
  key.cak = in_use->duplicate();
  return true;
}

/// First of all: a secret that is not used any more may be gone.
void ProfileBuilder::apply_retired() {
  for (const Group& group : groups_)
    if (is_retired(group)) apply(group);
}

bool ProfileBuilder::is_retired(const Group& group) noexcept { return group.section == "Key" && group.says("Retired"); }

void ProfileBuilder::finish_retired(const Group& group) {
  const KeyDraft& draft = draft_.key;
  if (!group.says("Ckn")) complain(group.place, "Ckn= is required: 2 to 64 hexadecimal digits, two an octet");
  for (const std::string_view key : {"Cak", "CakFile", "CakCredential"})
    if (group.says(key)) complain(group.place_of(key), "a retired key has no " + std::string{key} + "=");
  if (!draft.ckn) return;
  const Ckn ckn = draft.padding ? draft.ckn->padded() : *draft.ckn;
  draft_.profile.retired.push_back({ckn, *draft.retired, std::string{group.place.file}});
}

/// Takes out of the profile what is retired, wherever it is written.
void ProfileBuilder::hide_retired() {
  std::vector<PreSharedKey>& keys = draft_.profile.keys;
  for (std::size_t i = keys.size(); i-- > 0;) {
    const auto retired = std::ranges::find(draft_.profile.retired, keys[i].ckn, &RetiredKey::ckn);
    if (retired == draft_.profile.retired.end()) continue;
    retired->still_said = keys[i].origin.place;
    keys.erase(keys.begin() + static_cast<std::ptrdiff_t>(i));
    key_groups_.erase(key_groups_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

void ProfileBuilder::finish_key(const Group& group) {
  PreSharedKey key;
  KeyDraft& draft = draft_.key;
  if (draft.retired) return finish_retired(group);
  if (draft.ckn) key.ckn = draft.padding ? draft.ckn->padded() : *draft.ckn;
  if (!group.says("Ckn")) complain(group.place, "Ckn= is required: 2 to 64 hexadecimal digits, two an octet");
  const PreSharedKey* kept = kept_key(key.ckn);
  // A connection of NetworkManager's that is not active is shown, and its key is nobody's business until it is.
  const bool shown_only = draft_.profile.source == ProfileSource::networkmanager && !draft_.profile.link.enabled;
  const bool says_cak = group.says("Cak") || group.says("CakFile") || group.says("CakCredential");
  const bool wanted =
      std::ranges::find(draft_.profile.retired, key.ckn, &RetiredKey::ckn) == draft_.profile.retired.end();
  if (wanted && (says_cak || !shown_only) && !keeps_cak_in_use(group, key))
    load(group, "Cak", draft.cak, key.cak, kept == nullptr || kept->cak.empty() ? nullptr : &kept->cak);
  key.origin.file = std::move(draft.cak.file);
  key.origin.credential = std::move(draft.cak.credential);
  if (!group.place.file.empty())
    key.origin.place = std::string{group.place.file} + ":" + std::to_string(group.place.line);
  key.role = draft.role;
  key.not_before = draft.not_before;
  key.not_after = draft.not_after;
  if (key.not_before && key.not_after && *key.not_before >= *key.not_after)
    complain(group.place_of("NotAfter"), "NotAfter= is not after NotBefore=");
  draft_.profile.keys.push_back(std::move(key));
  key_groups_.push_back(&group);
}

void ProfileBuilder::finish_association(const Group& group) {
  StaticKey key;
  StaticDraft& draft = draft_.association;
  key.transmit = draft.transmit.value_or(false);
  if (!group.says("Direction")) complain(group.place, "Direction= is required: transmit or receive");
  if (draft.transmit == false && !group.says("Peer"))
    complain(group.place, "Peer= is required to receive: the MAC address in the sender's SCI");
  if (draft.transmit == true && (group.says("Peer") || group.says("Port")))
    complain(group.place_of(group.says("Peer") ? "Peer" : "Port"), "Peer= and Port= are for Direction=receive only");
  if (draft.peer) key.peer = Sci::of(*draft.peer, draft.port);
  key.an = draft.an;
  const StaticKey* kept = kept_association(key);
  load(group, "Key", draft.key, key.key, kept == nullptr ? nullptr : &kept->key);
  key.origin.file = std::move(draft.key.file);
  key.origin.credential = std::move(draft.key.credential);
  key.key_id = draft.key_id;
  key.packet_number = draft.packet_number;
  key.ssci = draft.ssci;
  key.salt = std::move(draft.salt);
  if (kept != nullptr && !group.says("Salt")) key.salt = kept->salt.duplicate();
  draft_.profile.static_keys.push_back(std::move(key));
  association_groups_.push_back(&group);
}

const Group* ProfileBuilder::first(std::string_view section) const noexcept {
  const auto found =
      std::find_if(groups_.begin(), groups_.end(), [section](const Group& group) { return group.section == section; });
  return found == groups_.end() ? nullptr : &*found;
}

Place ProfileBuilder::place_of(std::string_view section, std::string_view key) const {
  if (const Group* group = first(section); group != nullptr) return group->place_of(key);
  Place out = whole_;
  out.setting.assign(section).append(".").append(key);
  return out;
}

ProfileReading ProfileBuilder::build(std::string_view name, std::string_view origin, ProfileSource source) {
  Profile& profile = draft_.profile;
  if (!is_profile_name(name)) complain(whole_, "the name of the profile must be " + std::string{profile_name_rule});
  profile.name = name;
  profile.origin = origin;
  profile.source = source;
  profile.link.interface = "macsec0";
  apply_retired();
  for (const Group& group : groups_)
    if (!is_retired(group)) apply(group);
  hide_retired();
  check_link();
  check_macsec();
  check_keys();
  check_key_source();
  check_static_keys();
  check_pae();
  check_servers();
  check_strength();
  ProfileReading reading;
  reading.parent = profile.link.parent;
  if (!has_error(diagnostics_)) reading.profile = std::move(profile);
  reading.diagnostics = std::move(diagnostics_);
  return reading;
}

KeyReading ProfileBuilder::build_keys(std::string_view profile) {
  draft_.profile.name = profile;
  apply_retired();
  for (const Group& group : groups_) {
    if (is_retired(group)) continue;
    if (group.section == "Key")
      apply(group);
    else
      complain(group.place, "only [Key] is accepted here");
  }
  return {std::move(draft_.profile.keys), std::move(draft_.profile.retired), std::move(diagnostics_)};
}

}  // namespace macsec::detail
