// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/secret_writer.hpp"
#include "cli/verbs/table.hpp"
#include "engine/base/text.hpp"

#include <sys/random.h>

namespace macsec::cli {
namespace {

bool fill(MutableBytes octets) {
  // Up to 256 octets come in one piece.
  return getrandom(octets.data(), octets.size(), 0) == static_cast<ssize_t>(octets.size());
}

}  // namespace

Exit run_genkey(Context& context) {
  std::array<std::uint8_t, Ckn::max_size> ckn{};
  Secret<32> cak;
  if (!fill(ckn) || !fill(cak.allocate(context.options.key_size.value_or(16))))
    return context.complain(Exit::failed, "the kernel gives no random numbers");
  SecretWriter text;
  const auto pair = [&](std::string_view before, std::string_view between, std::string_view after) {
    text.add(before).add(to_hex(ckn)).add(between).add_hex(cak.expose()).add(after);
  };
  if (context.json())
    pair(R"({"Ckn":")", R"(","Cak":")", "\"}\n");
  else if (context.options.form == "hex")
    pair("", "\n", "\n");
  else if (context.options.form == "wpa_supplicant")
    pair("mka_ckn=", "\nmka_cak=", "\n");
  else
    pair("[Key]\nCkn=", "\nCak=", "\n");
  if (const auto written = write_secret(context.options.output, text.view()); !written)
    return context.complain(Exit::failed, written.error().message);
  return Exit::ok;
}

}  // namespace macsec::cli
