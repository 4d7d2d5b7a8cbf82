// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/crypto/token_key.hpp"

#include "engine/base/handle.hpp"
#include "engine/base/text.hpp"
#include "engine/base/wiped.hpp"
#include "engine/crypto/library_error.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <mutex>
#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>

namespace macsec::crypto {
namespace {

constexpr std::string_view pkcs11_scheme = "pkcs11:";
constexpr std::string_view pin_attribute = "pin-value=";
constexpr const char* no_pkcs11 =
    "OpenSSL has no PKCS#11 here (package pkcs11-provider, or libengine-pkcs11-openssl of Debian 12)";
/// The provider in a library context of its own, so that nothing but keys of tokens comes to use what it has. It stays as long as
/// the process: keys refer to it. Nothing where it is not installed.
OSSL_LIB_CTX* pkcs11_library() {
  static OSSL_LIB_CTX* const library = [] {
    OSSL_LIB_CTX* made = OSSL_LIB_CTX_new();
    OSSL_PROVIDER* const plain = made != nullptr ? OSSL_PROVIDER_load(made, "default") : nullptr;
    if (plain == nullptr || OSSL_PROVIDER_load(made, "pkcs11") == nullptr) {
      // The context leaves its providers to who loaded them.
      if (plain != nullptr) OSSL_PROVIDER_unload(plain);
      OSSL_LIB_CTX_free(made);
      made = nullptr;
    }
    ERR_clear_error();
    return made;
  }();
  return library;
}

/// PINs that tokens refused. A card locks itself after some of these, and many ports may have the same PIN.
class RefusedPins {
 public:
  [[nodiscard]] bool has(std::string_view uri, std::string_view pin) {
    const std::lock_guard lock{mutex_};
    return std::ranges::any_of(all_, [&](const Pin& each) { return each.uri == uri && each.pin.view() == pin; });
  }
  void add(std::string_view uri, std::string_view pin) {
    const std::lock_guard lock{mutex_};
    if (all_.size() == most_) all_.pop_front();
    all_.push_back({std::string{uri}, WipedText{pin}});
  }

 private:
  static constexpr std::size_t most_ = 256;
  struct Pin {
    std::string uri;
    WipedText pin;
  };
  std::mutex mutex_;
  std::deque<Pin> all_;
};

RefusedPins& refused_pins() {
  static RefusedPins pins;
  return pins;
}

/// Whether the driver says that the PIN was wrong or is locked (CKR_PIN_INCORRECT to CKR_PIN_LOCKED of PKCS#11).
bool is_about_pin(unsigned long error) noexcept {
  const int reason = ERR_GET_REASON(error);
  return ERR_GET_LIB(error) >= ERR_LIB_USER && reason >= 0xa0 && reason <= 0xa4;
}

Result<PrivateKey> given(EVP_PKEY* key, const std::string& label, std::string_view uri, std::string_view pin) {
  if (key == nullptr && (is_about_pin(ERR_peek_error()) || is_about_pin(ERR_peek_last_error())))
    refused_pins().add(uri, pin);
  if (key == nullptr) return library_failure(label + ": the token gives no key");
  ERR_clear_error();
  return PrivateKey{key};
}

// Engines are what OpenSSL had before providers; Debian 12 has no other way to a smart card.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

ENGINE* pkcs11_engine() {
  static ENGINE* const engine = [] {
    ENGINE_load_dynamic();
    ENGINE* found = ENGINE_by_id("pkcs11");
    // It writes what it does to the standard error otherwise, URIs included.
    if (found != nullptr) ENGINE_ctrl_cmd_string(found, "QUIET", nullptr, 0);
    if (found != nullptr && ENGINE_init(found) != 1) found = nullptr;
    ERR_clear_error();
    return found;
  }();
  return engine;
}

EVP_PKEY* engine_key(ENGINE* engine, const std::string& uri, UI_METHOD* method, void* data) {
  return ENGINE_load_private_key(engine, uri.c_str(), method, data);
}

X509* engine_certificate(ENGINE* engine, const std::string& uri) {
  struct {
    const char* uri;
    X509* certificate;
  } wish{uri.c_str(), nullptr};
  ENGINE_ctrl_cmd(engine, "LOAD_CERT_CTRL", 0, &wish, nullptr, 0);
  return wish.certificate;
}

#pragma GCC diagnostic pop

/// A URI without the PIN that it may have, which is told apart: drivers put URIs into their messages.
struct SplitUri {
  std::string uri;
  WipedText pin;
};

WipedText percent_decoded(std::string_view text) {
  WipedText out{text.size()};
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size(); ++i, ++size) {
    std::array<std::uint8_t, 1> octet{};
    if (text[i] == '%' && i + 2 < text.size() && from_hex(text.substr(i + 1, 2), octet) == 1) {
      out.data()[size] = static_cast<char>(octet[0]);
      i += 2;
    } else {
      out.data()[size] = text[i];
    }
  }
  return WipedText{out.view().substr(0, size)};
}

SplitUri split(std::string_view uri) {
  SplitUri out;
  const std::size_t query = uri.find('?');
  out.uri = uri.substr(0, query);
  if (query == std::string_view::npos) return out;
  char separator = '?';
  for (std::string_view rest = uri.substr(query + 1); !rest.empty();) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view attribute = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (attribute.starts_with(pin_attribute)) {
      out.pin = percent_decoded(attribute.substr(pin_attribute.size()));
    } else {
      out.uri += separator;
      out.uri += attribute;
      separator = '&';
    }
  }
  return out;
}

int give_pin(char* buffer, int size, int /*writing*/, void* data) noexcept {
  const auto& pin = *static_cast<std::string_view*>(data);
  if (size < 0 || pin.empty() || pin.size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(buffer, pin.data(), pin.size());
  return static_cast<int>(pin.size());
}

using Method = std::unique_ptr<UI_METHOD, Releases<UI_destroy_method>>;
using Store = std::unique_ptr<OSSL_STORE_CTX, Releases<OSSL_STORE_close>>;

/// Asks for a PIN with what is known, never at a terminal.
Method pin_method() { return Method{UI_UTIL_wrap_read_pem_callback(give_pin, 0)}; }

EVP_PKEY* key_of(OSSL_STORE_CTX* store) {
  EVP_PKEY* key = nullptr;
  while (key == nullptr && store != nullptr && OSSL_STORE_eof(store) == 0) {
    OSSL_STORE_INFO* const info = OSSL_STORE_load(store);
    if (info == nullptr) {
      if (OSSL_STORE_error(store) == 1) break;
      continue;
    }
    if (OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY) key = OSSL_STORE_INFO_get1_PKEY(info);
    OSSL_STORE_INFO_free(info);
  }
  return key;
}

}  // namespace

std::string shown_uri(std::string_view uri) { return std::string{uri.substr(0, uri.find('?'))}; }

bool is_tpm_key(std::string_view text) noexcept { return text.contains("-----BEGIN TSS2 PRIVATE KEY-----"); }

Result<PrivateKey> open_token_key(const std::string& label, const std::string& uri, std::string_view pin) {
  ERR_clear_error();
  if (!uri.starts_with(pkcs11_scheme)) return fail(label + " is not accepted: a file or \"pkcs11:...\"");
  const SplitUri parts = split(uri);
  if (pin.empty()) pin = parts.pin.view();
  if (refused_pins().has(parts.uri, pin))
    return fail(label +
                ": the token refused this PIN, which is not tried again as it might lock the token: correct "
                "PrivateKeyPassword=, or restart macsec-eap.service");
  const Method method = pin_method();
  if (OSSL_LIB_CTX* const library = pkcs11_library(); library != nullptr) {
    const Store store{
        OSSL_STORE_open_ex(parts.uri.c_str(), library, nullptr, method.get(), &pin, nullptr, nullptr, nullptr)};
    return given(key_of(store.get()), label, parts.uri, pin);
  }
  ENGINE* const engine = pkcs11_engine();
  if (engine == nullptr) return fail(label + ": " + no_pkcs11);
  return given(engine_key(engine, parts.uri, method.get(), &pin), label, parts.uri, pin);
}

Result<Certificate> open_token_certificate(const std::string& label, const std::string& full_uri) {
  ERR_clear_error();
  const std::string uri = split(full_uri).uri;
  Certificate found;
  if (OSSL_LIB_CTX* const library = pkcs11_library(); library != nullptr) {
    const Store store{OSSL_STORE_open_ex(uri.c_str(), library, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr)};
    while (!found && store && OSSL_STORE_eof(store.get()) == 0) {
      OSSL_STORE_INFO* const info = OSSL_STORE_load(store.get());
      if (info == nullptr) break;
      if (OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_CERT) found.reset(OSSL_STORE_INFO_get1_CERT(info));
      OSSL_STORE_INFO_free(info);
    }
  } else if (ENGINE* const engine = pkcs11_engine(); engine != nullptr) {
    found.reset(engine_certificate(engine, uri));
  } else {
    return fail(label + ": " + no_pkcs11);
  }
  if (!found) return library_failure(label + ": the token gives no certificate");
  ERR_clear_error();
  return found;
}

}  // namespace macsec::crypto
