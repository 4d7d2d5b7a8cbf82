// SPDX-License-Identifier: LGPL-2.1-or-later
/// Keys that runs of wpa_supplicant 2.10 against hostapd 2.10 and FreeRADIUS 3.2.1 logged at both ends, in hexadecimal.
#pragma once

#include "engine/base/text.hpp"

#include <array>
#include <gtest/gtest.h>
#include <string_view>
#include <vector>

namespace macsec::vectors {

using Buffer = std::vector<std::uint8_t>;

inline Buffer unhex(std::string_view hex) {
  Buffer out(hex.size() / 2);
  EXPECT_TRUE(from_hex(hex, out));
  return out;
}

/// TLS secrets in, MSK, EMSK and Session-Id out. TLS 1.2 has a master secret and randoms, 1.3 an exporter secret.
struct MethodVector {
  std::string_view name{};
  std::string_view method{};
  std::string_view tls{};
  std::string_view hash{};
  std::string_view master_secret{};
  std::string_view client_random{};
  std::string_view server_random{};
  std::string_view exporter_secret{};
  std::string_view msk{};
  std::string_view emsk{};
  std::string_view session_id{};
};
inline constexpr std::array<MethodVector, 6> methods{{
    {.name = "EAP-TLS with TLS 1.2 against FreeRADIUS 3.2.1",
     .method = "tls",
     .tls = "1.2",
     .hash = "sha384",
     .master_secret =
         "8fae7185ec2e8b6e9486d62f05f660fcfbbb5671de8fd5e23ebce90ca565592ddfda380a4e1a86afc1d8a83ce4a62c17",
     .client_random = "7028f8e02c674dccb9e9930c989ee2d1854186291670130853d63614ce90dbef",
     .server_random = "d856cfaa961b131422c1e159b85182a74ae8ce4922eb21c17399a12b5d9ce102",
     .msk = "18d7d5056765d271a101ec08e70808952c87cb4383cf87b98d731d64e258d1899e00846ee5357220a2629b3b8d97dda404ae088d96"
            "a804ce58da4982a95240b4",
     .emsk = "93525d818ddb29ca833bfbefbc6bb66d1d39acdcdd231f368c320a9a096918e6b671ecc05a1e34c48de72927fa7c0095dd4ee992a"
             "3c4f89a357af8612cfb9a43",
     .session_id = "0d7028f8e02c674dccb9e9930c989ee2d1854186291670130853d63614ce90dbefd856cfaa961b131422c1e159b85182a74"
                   "ae8ce4922eb21c17399a12b5d9ce102"},
    {.name = "EAP-TLS with TLS 1.3 against FreeRADIUS 3.2.1",
     .method = "tls",
     .tls = "1.3",
     .hash = "sha384",
     .exporter_secret =
         "3dd6f7636bd68cd257afc717efeccf5be7c628ad7c5efd73f0df8b3cc53acceb3002f4d0321367f33a48af17e0297b97",
     .msk = "8e8b365ffb1674c56e0e277e815aa97b5106a32cd826a140c35b5dbed48dd8d231d4a9b05c94561cfae7bf29a13d554adfea4de8f5"
            "6e3ebe62ed7b7c9c4d3db2",
     .emsk = "c92ca0e40b6d49ffed0345e09950db35991d5e6c4bef85fb68ca55706dd68eadfec5dcfcb44bccb94d8dd4ff8ea36a95f83736f2a"
             "6a79230616274e80b1a5598",
     .session_id = "0d8db701bba2b365080e17bdb5f8686677ca113df0539d261fe04cff6f45717d51f0b6de9e51a64ef9c5bb36d500867e1a0"
                   "e50f694c06762df9d38e662624bd9a3"},
    {.name = "EAP-PEAP with TLS 1.2 against FreeRADIUS 3.2.1",
     .method = "peap",
     .tls = "1.2",
     .hash = "sha384",
     .master_secret =
         "8a4153d7642c8b6097eb04a081d3a7ea676463fb2d76accdb9d56e4bbb66c8f934542bfea4d2c8460431fb96d5f04eed",
     .client_random = "c34a652492ab00e04fd58a34157bd08197de0b9a85e73f0dea4118d28eccfadb",
     .server_random = "142db2a9fd3c20508344ebd470b64b456355c16d400bb2222d9a1e6eeb381051",
     .msk = "a8fe04f8cf48459ed9a2343edf431e513b49d49872943a04e51f2432d3dff69a6142996afa5a09e9420a3da1375039d29b866dc63d"
            "f5ae62f62840d1ad5b72b9",
     .emsk = "c1e3460d043d771b36793a54d6d1ec8c6fbcb3909c22c16dc2e0c2fa4ae766a3523cfcc17a62f33cc5248ffdea3981ef68bc4a6d8"
             "aaa5acb6bae171dc04c2d65",
     .session_id = "19c34a652492ab00e04fd58a34157bd08197de0b9a85e73f0dea4118d28eccfadb142db2a9fd3c20508344ebd470b64b456"
                   "355c16d400bb2222d9a1e6eeb381051"},
    {.name = "EAP-PEAP with TLS 1.3 against FreeRADIUS 3.2.1",
     .method = "peap",
     .tls = "1.3",
     .hash = "sha384",
     .exporter_secret =
         "d3788615ad29bb4801494195edede76a101a04d258cdfe41bce75daefd235157ed258748c5cd0daa342d8880c0c21c17",
     .msk = "2b86a13d2fe2de587757d458856d21904f658ac7c56f5b67d6cf5a55e23d3a0ef29686ea9e0a5ef19ea2eaa4433d637607658a733a"
            "1faa8bb385ed06ac7b6b2f",
     .emsk = "b514fe2f5b56681ce9be170a61e4e68682208dec9fd547b739542a3d6dc1a5a8fede326fbe194686ee65da84d3a27ffe556b01047"
             "d797aef10dd8851566d9fb1",
     .session_id = "192594abd19a5d2cf74d7a36d3df01292774b26b3fb78b57b40993076cb49234f9425a822ebe88394e8934a9f9397d18ccc"
                   "e42f204fcc1b7a856c782c5d5a95650"},
    {.name = "EAP-TTLS with TLS 1.2 against FreeRADIUS 3.2.1",
     .method = "ttls",
     .tls = "1.2",
     .hash = "sha384",
     .master_secret =
         "d6209fcba046f1b23a41f27cb1bd8fa76b88858b8f3acd0af01ef4281524f9ac667b841d06a9f744b7f992a6e92c0e0d",
     .client_random = "fd2aa41c5b55cb1cb778ac51403649284002fbbaa84252a283efd019e3e7252e",
     .server_random = "2d884d781dffce68164331e1d50bd24611b7dccd42fd5ae1bf380b3a7d26b1e8",
     .msk = "11301bb9bb40c81a70c77a3b723eda17f1e92686599f06720d3886a1c247b3b8e67c5dac7431d3fc4a967dc4f0ddc5683fea33af56"
            "96bec7abcb99919da501be",
     .emsk = "711c42a8bb383afb02998192e154db8fff9b09807950f978e4a2fe31840ff03957bf43f76c7030a2aa5551b0398dd9621f98263f4"
             "37b992c678a8457fdd6f3f9",
     .session_id = "15fd2aa41c5b55cb1cb778ac51403649284002fbbaa84252a283efd019e3e7252e2d884d781dffce68164331e1d50bd2461"
                   "1b7dccd42fd5ae1bf380b3a7d26b1e8"},
    {.name = "EAP-TTLS with TLS 1.3 against FreeRADIUS 3.2.1",
     .method = "ttls",
     .tls = "1.3",
     .hash = "sha384",
     .exporter_secret =
         "dd9dee4e9b4d575c252ea8126706246c0756043b390b61f96906589d8fcbf6dba7d2226bffbb649e30a1d490c718b6c5",
     .msk = "a2e631c246539b516960dbef4640364d375a020b80e5921ea54a36ee9afad2943ee6c60c7bb775403bb02085183a2a6afa415648eb"
            "249ba12b8f8a7d240c1ccd",
     .emsk = "b4d246d2dfbd3c7da14700d08d5c4e2c0366ac466ba0ed8e7ccfa58e2cd4e9f6dbcd6fb702c2819baf57d42bb6e7beb7011769094"
             "4d6669b9b6f3919d02035c4",
     .session_id = "15f9225e8f3a35e6884211a73337a0838ed53f84fb7ca0784e494e731ff76c5f346b6005c6abb59755a48356da023bea32b"
                   "1a0d420ef5c8e9a3baa7b4596bf376a"},
}};

struct MkaVector {
  std::string_view name{};
  std::size_t bits{};
  std::string_view msk{};
  std::string_view session_id{};
  std::string_view own{};
  std::string_view peer{};
  std::string_view cak{};
  std::string_view ckn{};
  std::string_view kek{};
  std::string_view ick{};
};
inline constexpr std::array<MkaVector, 5> mka{{
    {.name = "802.1X Annex G.2 to G.5, 128 bits",
     .bits = 128,
     .msk = "e68a1ab90313024fda7a04a03fea010f",
     .session_id = "0dd075693f54b2b2eb01da61f0af5d429b65b1ebcaf536fba350777598571728f630c5c8da5475489ad47b6e3489a97372e"
                   "5a8fd550617972c020d42a3b13a4eae",
     .own = "001b6393fcbc",
     .peer = "00d0b71a7717",
     .cak = "135bd758b0ee5c11c55ff6ab19fdb199",
     .ckn = "96437a93ccf10d9dfe347846cce52c7d",
     .kek = "8f5a384c15d6ae9302b462e363d03ca6",
     .ick = "8f1c5cb1c8ed2e5f047906e0473aad4d"},
    {.name = "EAP-TLS 1.2, as wpa_supplicant 2.10 derived it",
     .bits = 128,
     .msk = "415386fa54322a2d3e35d38b4cf870ec9e4e478ffb6585d9b4877ad79cd642ceaa6d3e8ac771d9993d8cb2a36a27c3a18f7c2d4220"
            "0de12a87d1d2dc470c5235",
     .session_id = "0d2880434b88df3f1ad337b055b5e58df03a2d07926cd788e8f89deee06ed41bdb752c5f3422daa5dbad8c4ebbb157375cc"
                   "6891e90a284984b8ccfeaf21a4cda4e",
     .own = "e207ebbe9ba8",
     .peer = "f2ea64e4665c",
     .cak = "78743ca13f818c09ca211affd90e11f3",
     .ckn = "5d34e1b25fc42e1bd95eb16b889b5361",
     .kek = "5b74437c333c41049a5a58d36d5e78bf",
     .ick = "d71aa0dc441ecf0aa938030367c7ee9e"},
    {.name = "the same, 256 bits (computed only)",
     .bits = 256,
     .msk = "415386fa54322a2d3e35d38b4cf870ec9e4e478ffb6585d9b4877ad79cd642ceaa6d3e8ac771d9993d8cb2a36a27c3a18f7c2d4220"
            "0de12a87d1d2dc470c5235",
     .session_id = "0d2880434b88df3f1ad337b055b5e58df03a2d07926cd788e8f89deee06ed41bdb752c5f3422daa5dbad8c4ebbb157375cc"
                   "6891e90a284984b8ccfeaf21a4cda4e",
     .own = "e207ebbe9ba8",
     .peer = "f2ea64e4665c",
     .cak = "c43930342177340bdca08d906a142312eb68b308afc30073d724fd4fd2e97e6b",
     .ckn = "02fe3a769f5959bb2126af9cc5b20268",
     .kek = "2a05371506434e3fcf46a09c6efe410844bd343c9f28608b45ffeeab2c29e4cd",
     .ick = "360d37314e5499777ea39837301e69579089457b4f01527dfce26b665e0d524a"},
    {.name = "EAP-TLS 1.3, as wpa_supplicant 2.10 derived it",
     .bits = 128,
     .msk = "027792d29924ff4cbca0a3567ba67b9727c8403e7331bdd2b12dfe1fc8350e86e1002957468f5d2e97a3eec012af84e69feeb10f5e"
            "11d358ea07a07069e026d9",
     .session_id = "0de19071a9f3d79bc4e2048d2c4cbedfec6b8ac1d0377a79a0239d80ec09b97c168c3acaf5f95847cb239b6f747d2c7adda"
                   "f23c439ea872dc94d08c32ecc669a1a",
     .own = "0214af3f9aa1",
     .peer = "da7162936cc8",
     .cak = "a9ee8e6834fe73bf6bbafd88ed59c45a",
     .ckn = "059243ed8f69e72883bf265a4b3854ec",
     .kek = "0f0463783ac8486d92cf7593fa420f24",
     .ick = "73099490b4cbd4c7ca3cd0aac3903da9"},
    {.name = "the same, 256 bits (computed only)",
     .bits = 256,
     .msk = "027792d29924ff4cbca0a3567ba67b9727c8403e7331bdd2b12dfe1fc8350e86e1002957468f5d2e97a3eec012af84e69feeb10f5e"
            "11d358ea07a07069e026d9",
     .session_id = "0de19071a9f3d79bc4e2048d2c4cbedfec6b8ac1d0377a79a0239d80ec09b97c168c3acaf5f95847cb239b6f747d2c7adda"
                   "f23c439ea872dc94d08c32ecc669a1a",
     .own = "0214af3f9aa1",
     .peer = "da7162936cc8",
     .cak = "2f4d0f189df38abafaeb062819b74880e376e58827a8a5c3d97cd5a4817751e2",
     .ckn = "4c2f105c9817b0db3a2b1f53c88aaaef",
     .kek = "32de121b4427c16cda7c002b94d388f371568a1abbbce89b49d1028ac741f56c",
     .ick = "2ff3fd41a60cd6fe8d9070000eccf7247ad0e7c1d8a0064aa9678a3d7430ce3d"},
}};

namespace peap_binding {
inline constexpr std::string_view tunnel_key =
    "30c57d38cf166e38728c9b97b2d40c084c6b2d21a05c2918176af7d9b83fc9aa45b212385ab2ee4c89168644c75747afddda82a2093e029771"
    "0462ae";
inline constexpr std::string_view inner_key = "47f8c352bc55aada84c9e2611061ad6b5da53a842e1cfe65e9a6c9fe5e5dfda6";
inline constexpr std::string_view request_tlvs =
    "800300020001000c00380000000051be91379739c47c83badc8c919338d721840696d21e6dda4ffc5f1091764b88ea7fa2f2673e2ca33992f9"
    "4a28c0d1b24cb94a82";
inline constexpr std::string_view msk =
    "6677333b0382479b0e4f5996afc76cf292948677bd814997c266511bb93203651c440e86032233d2705087fb22ee6034d3607345899da7e01e"
    "d20478582be3ed";
}  // namespace peap_binding

namespace radius {
inline constexpr std::string_view secret = "612073686172656420736563726574206f6620746865206c6162";
inline constexpr std::string_view request_authenticator = "bb63f79aa4baf8fa193d173143838e45";
inline constexpr std::string_view access_accept =
    "020300f6a6db21c6d017086dba11ed25f14bed611a3a00000137113486e4d9be9fcb22d59063ab8f2cc744151ecdac3a85a90d48381fd8d0ec"
    "2af678c76a604cafa6edf0585ed1875911447a67121a3a0000013710348ae84d94cf9072acc5dcddb446d59f48fded47f082bea6cde205629f"
    "a8ef6e89abc0905da29046329d946e0beac02a1836e84f0603b600045012e3b003f3e16b8b1b51408019e805f95f0113686f7374312e657861"
    "6d706c652e6f726766430d36a233bb996bc645ddfa0ace0cb790db4a259cdd61ee955cd488210059c90bbe94bd1d21f30a0367bc333ab57c69"
    "250b96ba519a4809add23750465da89f6486";
inline constexpr std::string_view msk =
    "6ecdabcf8d2b06098d104b82dad6bac64be2a55c19b3fc56a25c8c8b3eaa2b659f68044412a261a127d5f3fcf9e9efb0fd3d3bebcf22901be3"
    "a0b2b0600ec9bb";
}  // namespace radius

}  // namespace macsec::vectors
