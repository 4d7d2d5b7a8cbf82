// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/crypto/tls_identity.hpp"

#include "engine/crypto/library_error.hpp"

#include <algorithm>
#include <cstring>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

namespace macsec::crypto {
namespace {

using Memory = std::unique_ptr<BIO, Releases<BIO_free_all>>;
using Pkcs12 = std::unique_ptr<PKCS12, Releases<PKCS12_free>>;

constexpr std::size_t max_chain = 16;

Memory memory_of(const TlsMaterial& material) {
  const std::string_view text = material.content.view();
  return Memory{BIO_new_mem_buf(text.data(), static_cast<int>(std::min<std::size_t>(text.size(), INT32_MAX)))};
}

bool is_pem(const TlsMaterial& material) { return material.content.view().contains("-----BEGIN "); }

/// What the library asks for the password with: remembers that it asked.
struct Asked {
  std::string_view password;
  bool asked = false;
};

int give_password(char* buffer, int size, int /*writing*/, void* data) noexcept {
  auto& asked = *static_cast<Asked*>(data);
  asked.asked = true;
  if (size < 0 || asked.password.empty() || asked.password.size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(buffer, asked.password.data(), asked.password.size());
  return static_cast<int>(asked.password.size());
}

std::unexpected<Error> password_error(const std::string& label, bool said) {
  ERR_clear_error();
  return fail(said ? label + ": PrivateKeyPassword= does not open it"
                   : label + " is encrypted: PrivateKeyPassword= is required");
}

}  // namespace

Result<std::vector<Certificate>> read_certificates(const TlsMaterial& material) {
  std::vector<Certificate> out;
  const Memory memory = memory_of(material);
  ERR_clear_error();
  if (is_pem(material)) {
    Asked asked;  // a key in the same file is not for us, and nobody is asked for its password
    while (X509* read = PEM_read_bio_X509(memory.get(), nullptr, give_password, &asked)) out.emplace_back(read);
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (!at_end) return library_failure(material.label + " holds a certificate that cannot be read");
    ERR_clear_error();
  } else if (X509* read = d2i_X509_bio(memory.get(), nullptr)) {
    out.emplace_back(read);
  }
  ERR_clear_error();
  if (out.empty()) return fail(material.label + " holds no certificate (PEM or DER)");
  return out;
}

Result<PrivateKey> TlsIdentity::load_key(const TlsMaterial& material, std::string_view password) {
  if (is_tpm_key(material.content.view()))
    return fail(material.label +
                " is a key file of a TPM, which is not supported: have PKCS#11 give the key "
                "(\"pkcs11:...\", package libtpm2-pkcs11-1)");
  const Memory memory = memory_of(material);
  ERR_clear_error();
  Asked asked{.password = password};
  PrivateKey key;
  if (is_pem(material)) {
    key.reset(PEM_read_bio_PrivateKey(memory.get(), nullptr, give_password, &asked));
  } else {
    key.reset(d2i_PrivateKey_bio(memory.get(), nullptr));
    if (!key) {
      const Memory again = memory_of(material);
      key.reset(d2i_PKCS8PrivateKey_bio(again.get(), nullptr, give_password, &asked));
    }
  }
  if (key) {
    ERR_clear_error();
    return key;
  }
  if (asked.asked) return password_error(material.label, !password.empty());
  ERR_clear_error();
  return fail(material.label + " holds no private key (PEM, DER or PKCS#12)");
}

Result<TlsIdentity> TlsIdentity::load_pkcs12(const TlsMaterial& material, std::string_view password) {
  const Memory memory = memory_of(material);
  const Pkcs12 store{d2i_PKCS12_bio(memory.get(), nullptr)};
  ERR_clear_error();
  if (!store) return fail(0, {});
  const WipedText terminated = WipedBuffer{}.add(password).add(std::string_view{"\0", 1}).take();
  // Either way a store may say that it has no password.
  const bool open = PKCS12_mac_present(store.get()) != 1 ||
                    PKCS12_verify_mac(store.get(), terminated.view().data(), static_cast<int>(password.size())) == 1 ||
                    (password.empty() && PKCS12_verify_mac(store.get(), nullptr, 0) == 1);
  if (!open) return password_error(material.label, !password.empty());
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  STACK_OF(X509)* others = nullptr;
  if (PKCS12_parse(store.get(), terminated.view().data(), &key, &certificate, &others) != 1)
    return library_failure(material.label + " cannot be opened (stores with RC2 or DES need to be written again)");
  TlsIdentity out;
  out.key_.reset(key);
  if (certificate != nullptr) out.chain_.emplace_back(certificate);
  while (others != nullptr && sk_X509_num(others) > 0) out.chain_.emplace_back(sk_X509_shift(others));
  sk_X509_free(others);
  ERR_clear_error();
  if (certificate == nullptr || key == nullptr)
    return fail(material.label + " lacks " + (key == nullptr ? "the private key" : "the certificate of its key"));
  return out;
}

Result<TlsIdentity> TlsIdentity::load(const TlsMaterial& certificate, const TlsMaterial* key,
                                      std::string_view password) {
  const TlsMaterial& key_material = key != nullptr ? *key : certificate;
  if (!is_pem(certificate)) {
    Result<TlsIdentity> store = load_pkcs12(certificate, password);
    if (store || !store.error().message.empty()) {
      if (store)
        if (Result<void> fits = store->check(certificate.label); !fits) return std::unexpected{fits.error()};
      return store;
    }
  }
  Result<std::vector<Certificate>> chain = read_certificates(certificate);
  if (!chain) return std::unexpected{chain.error()};
  if (chain->size() > max_chain) return fail(certificate.label + " holds more than 16 certificates");
  Result<PrivateKey> loaded = load_key(key_material, password);
  if (!loaded) return std::unexpected{loaded.error()};
  return assemble(std::move(*chain), std::move(*loaded), key_material.label);
}

Result<TlsIdentity> TlsIdentity::assemble(std::vector<Certificate> chain, PrivateKey key, const std::string& label) {
  TlsIdentity out;
  out.chain_ = std::move(chain);
  out.key_ = std::move(key);
  if (Result<void> fits = out.check(label); !fits) return std::unexpected{fits.error()};
  return out;
}

/// Whether the key signs what the certificate verifies. A key that fits by its numbers may still be of no use.
Result<void> TlsIdentity::check(const std::string& label) const {
  if (X509_check_private_key(certificate(), key()) != 1) {
    ERR_clear_error();
    return fail(label + " is not the key of the certificate of \"" + display_name(certificate()) + '"');
  }
  constexpr std::array<std::uint8_t, 4> message{1, 2, 3, 4};
  std::array<std::uint8_t, 2048> signature{};
  std::size_t size = signature.size();
  const std::unique_ptr<EVP_MD_CTX, Releases<EVP_MD_CTX_free>> signing{EVP_MD_CTX_new()};
  const std::unique_ptr<EVP_MD_CTX, Releases<EVP_MD_CTX_free>> verifying{EVP_MD_CTX_new()};
  EVP_PKEY* const verifier = X509_get0_pubkey(certificate());
  // Ed25519 and its like have their own digest.
  const bool own = EVP_PKEY_is_a(key(), "ED25519") == 1 || EVP_PKEY_is_a(key(), "ED448") == 1;
  const char* const digest = own ? nullptr : "SHA256";
  if (EVP_DigestSignInit_ex(signing.get(), nullptr, digest, nullptr, nullptr, key(), nullptr) != 1 ||
      EVP_DigestSign(signing.get(), signature.data(), &size, message.data(), message.size()) != 1 ||
      EVP_DigestVerifyInit_ex(verifying.get(), nullptr, digest, nullptr, nullptr, verifier, nullptr) != 1 ||
      EVP_DigestVerify(verifying.get(), signature.data(), size, message.data(), message.size()) != 1)
    return library_failure(label + " cannot sign");
  return {};
}

std::string TlsIdentity::owner() const {
  const std::vector<CertificateName> names = certificate_names(certificate());
  for (const std::string_view kind : {"UPN", "EMAIL", "DNS"})
    if (const auto found = std::ranges::find(names, kind, &CertificateName::kind); found != names.end())
      return found->value;
  return common_name(X509_get_subject_name(certificate()));
}

}  // namespace macsec::crypto
