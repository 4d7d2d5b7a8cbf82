// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/pae/radius_words.hpp"

#include "engine/base/text.hpp"
#include "engine/core/pae/radius_ways.hpp"

#include <cerrno>

namespace macsec::core {

std::optional<RadiusProblem> radius_problem_of(int error) noexcept {
  switch (error) {
    case EAGAIN:
    case EINTR:
    case ENOBUFS:
    case ENOMEM:
    case EMSGSIZE:  // the path's MTU is known now
      return std::nullopt;
    case ECONNREFUSED:
      return RadiusProblem::refused;
    case EPERM:
    case EACCES:
    case EAFNOSUPPORT:
      return RadiusProblem::blocked;
    default:
      return RadiusProblem::silent;
  }
}

std::string words_of_error(RadiusProblem problem, const Error& error, const RadiusServer& server) {
  if (problem == RadiusProblem::refused)
    return to_endpoint(server.address, server.port) +
           (server.transport == RadiusTransport::tls ? ": connection refused, no RADIUS server over TLS runs there"
                                                     : ": port unreachable, no RADIUS server runs there");
  if (problem == RadiusProblem::blocked)
    return "the unit's IPAddressAllow= does not hold " + server.address +
           " (drop-in macsecd-radius.conf), or a firewall of this host drops it";
  return error.message;
}

std::string words_of_silence(const RadiusServer& server) {
  const bool tls = server.transport == RadiusTransport::tls;
  return "no answer from " + to_endpoint(server.address, server.port) + " (" + format_duration(server.timeout) + "): " +
         (tls ? "no connection is there, or nothing comes by it"
              : "it is down, or does not know this host and its secret");
}

std::string words_of_neglect(const RadiusServer& server) {
  return to_endpoint(server.address, server.port) + " answers others, but not what this host says (" +
         format_duration(server.timeout) + "): it may ask another server, which is silent";
}

std::string words_of_broken(const RadiusServer& server, bool was_open) {
  return to_endpoint(server.address, server.port) +
         (was_open ? ": nothing comes by its connection, not even an answer to Status-Server (RFC 5997)"
                   : ": no connection within " + format_duration(RadiusWays::connect_patience) +
                         ": it is down, or a firewall or the unit's IPAddressAllow= (drop-in macsecd-radius.conf) is "
                         "between");
}

std::string words_of_forgetting(const RadiusServer& server) {
  return "the connection to " + to_endpoint(server.address, server.port) +
         " broke during an authentication, which the server does not know any more";
}

std::string words_of_bad_answer(const RadiusServer& server, crypto::RadiusCheck found) {
  const std::string answers = "answers of " + server.address;
  if (found == crypto::RadiusCheck::no_message_authenticator)
    return answers +
           " have no Message-Authenticator, so anybody on the path could have written them: FreeRADIUS before 3.2.5 "
           "leaves it out where it rejects before its eap module";
  return answers + " fail their check: the secrets differ, or something rewrites packets";
}

}  // namespace macsec::core
