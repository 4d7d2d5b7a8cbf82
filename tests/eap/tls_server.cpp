// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/eap/tls_server.hpp"

#include <openssl/err.h>

namespace macsec::test {
namespace {

int staple(SSL* ssl, void* data) noexcept {
  const Buffer& answer = *static_cast<const Buffer*>(data);
  if (answer.empty()) return SSL_TLSEXT_ERR_NOACK;
  auto* const copy = static_cast<unsigned char*>(OPENSSL_memdup(answer.data(), answer.size()));
  SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(answer.size()));
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

TlsServerContext::TlsServerContext(const TlsServerSettings& settings)
    : settings_{settings}, context_{SSL_CTX_new(TLS_server_method())} {
  SSL_CTX* const context = context_.get();
  SSL_CTX_set_min_proto_version(context, settings_.minimum);
  SSL_CTX_set_max_proto_version(context, settings_.maximum);
  if (!settings_.ciphers.empty()) SSL_CTX_set_cipher_list(context, settings_.ciphers.c_str());
  SSL_CTX_use_certificate(context, settings_.identity->certificate.get());
  SSL_CTX_use_PrivateKey(context, settings_.identity->key.get());
  if (settings_.extra != nullptr) SSL_CTX_add1_chain_cert(context, const_cast<X509*>(settings_.extra));
  SSL_CTX_set_num_tickets(context, static_cast<std::size_t>(settings_.tickets));
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>("t"), 1);
  SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB, reinterpret_cast<void (*)()>(&staple));
  SSL_CTX_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB_ARG, 0, &settings_.ocsp);
  if (settings_.client_authority == nullptr) return;
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), const_cast<X509*>(settings_.client_authority));
  // Certificates of tests are valid around test_now.
  X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(context), test_now);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

TlsServer::TlsServer(const TlsServerContext& context)
    : connection_{SSL_new(context.get())}, in_{BIO_new(BIO_s_mem())}, out_{BIO_new(BIO_s_mem())} {
  SSL_set_bio(connection_.get(), in_, out_);
  SSL_set_accept_state(connection_.get());
}

void TlsServer::feed(Bytes records) {
  if (!records.empty()) BIO_write(in_, records.data(), static_cast<int>(records.size()));
  std::array<std::uint8_t, 4096> block{};
  for (;;) {
    ERR_clear_error();
    const int size = SSL_read(connection_.get(), block.data(), static_cast<int>(block.size()));
    if (size <= 0) {
      failed_ = failed_ || SSL_get_error(connection_.get(), size) == SSL_ERROR_SSL;
      return;
    }
    received_.insert(received_.end(), block.begin(), block.begin() + size);
  }
}

Buffer TlsServer::take_output() {
  char* data = nullptr;
  const long size = BIO_get_mem_data(out_, &data);
  Buffer out(data, data + size);
  BIO_reset(out_);
  return out;
}

void TlsServer::write(Bytes text) { SSL_write(connection_.get(), text.data(), static_cast<int>(text.size())); }

Buffer TlsServer::keys(std::uint8_t type, std::string_view old_label) const {
  Buffer out(128);
  const std::string label = is_tls_1_3() ? "EXPORTER_EAP_TLS_Key_Material" : std::string{old_label};
  const int with_context = is_tls_1_3() ? 1 : 0;
  SSL_export_keying_material(connection_.get(), out.data(), out.size(), label.data(), label.size(), &type,
                             with_context != 0 ? 1 : 0, with_context);
  return out;
}

}  // namespace macsec::test
