// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/secret_writer.hpp"
#include "cli/verbs/table.hpp"
#include "engine/base/text.hpp"

#include <algorithm>
#include <sys/random.h>

namespace macsec::cli {
namespace {

bool fill(MutableBytes octets) {
  // Up to 256 octets come in one piece.
  return getrandom(octets.data(), octets.size(), 0) == static_cast<ssize_t>(octets.size());
}

/// What an end that is no macsecd takes. The CKN is always 64 digits, which all of them take and none pads.
struct Taker {
  std::string_view name;
  bool only_256;
  std::string_view where;  ///< the pair goes there
};
constexpr std::array takers{
    Taker{"aws", true, "aws directconnect associate-mac-sec-key --ckn --cak; then macsecctl key add here"},
    Taker{"azure", true,
          "two secrets of the Key Vault that the ExpressRoute Direct port names; one link of the pair at a time"},
    Taker{"junos", false, "security macsec connectivity-association NAME pre-shared-key ckn, cak"},
    Taker{"nxos", false,
          "key chain NAME macsec, key CKN, key-octet-string CAK cryptographic-algorithm AES_256_CMAC or AES_128_CMAC"},
};

}  // namespace

Exit run_genkey(Context& context) {
  const Options& options = context.options;
  const auto* const taker = std::ranges::find(takers, options.taker, &Taker::name);
  if (options.taker == "gcp")
    return context.complain(
        Exit::usage, "Google makes the pair: gcloud compute interconnects macsec get-config, then macsecctl key add");
  const bool named = taker != takers.end();
  if (context.json() && (!options.form.empty() || named))
    return context.complain(Exit::usage, "--json is a form of its own: without --form= and --for=");
  if (named && taker->only_256 && options.key_size == 16)
    return context.complain(Exit::usage, fmt::format("--bits=128 is not for {}: it takes 256 bit only", taker->name));
  std::array<std::uint8_t, Ckn::max_size> ckn{};
  Secret<32> cak;
  if (!fill(ckn) || !fill(cak.allocate(options.key_size.value_or(named ? 32 : 16))))
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
    pair(named ? fmt::format("# {}\n[Key]\nCkn=", taker->where) : "[Key]\nCkn=", "\nCak=", "\n");
  if (const auto written = write_secret(context.options.output, text.view()); !written)
    return context.complain(Exit::failed, written.error().message);
  return Exit::ok;
}

}  // namespace macsec::cli
