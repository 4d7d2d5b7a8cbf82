// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/text.hpp"
#include "plugin/keys/etsi014.hpp"
#include "plugin/keys/json.hpp"
#include "plugin/keys/skip.hpp"

namespace macsec::keys {
namespace {

using testing::HasSubstr;
using testing::Not;
using State = HttpReader::State;

Bytes octets(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

std::string text_of(const Json& json) {
  const auto text = json.text();
  return text ? std::string{text->view()} : "(none)";
}

std::string refusal(std::string_view text) {
  const auto document = JsonDocument::parse(text);
  return document ? "(taken)" : document.error().message;
}

// --- JSON ---

TEST(KeysJson, ReadsMembersElementsAndTexts) {
  const auto document = JsonDocument::parse(
      " {\"keys\" : [ {\"key_ID\":\"a\\u00e9\\ud83d\\ude00\\n\\/\"}, 12, -1, 1e3, true , null ] ,\"e\":{}, "
      "\"l\":[]}\r\n");
  ASSERT_TRUE(document) << document.error().message;
  const Json keys = document->root()["keys"];
  EXPECT_EQ(keys.size(), 6U);
  EXPECT_EQ(text_of(keys.at(0)["key_ID"]), "a\u00e9\U0001f600\n/");
  EXPECT_EQ(keys.at(1).integer(), 12U);
  EXPECT_EQ(keys.at(2).integer(), std::nullopt);
  EXPECT_EQ(keys.at(3).integer(), std::nullopt);
  EXPECT_EQ(keys.at(4).boolean(), true);
  EXPECT_EQ(keys.at(5).kind(), Json::Kind::null);
  EXPECT_EQ(keys.at(6).kind(), Json::Kind::missing);
  EXPECT_EQ(document->root()["e"].size(), 0U);
  EXPECT_EQ(document->root()["l"].kind(), Json::Kind::list);
  EXPECT_EQ(document->root()["nothing"]["deeper"].at(3).kind(), Json::Kind::missing);
}

TEST(KeysJson, FindsAMemberWhoseNameIsWrittenWithEscapes) {
  const auto document = JsonDocument::parse(R"({"\u006bey":"x"})");
  ASSERT_TRUE(document);
  EXPECT_EQ(text_of(document->root()["key"]), "x");
}

TEST(KeysJson, RefusesWhatIsNotJson) {
  for (const char* text :
       {"",    " ",       "{",           "[1,]",   "[1 2]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}",  "{'a':1}",
        "01",  "1.",      ".5",          "+1",     "-",     "1e",         "tru",       "nul",    "NaN",
        "\"a", "\"\\x\"", "\"\\u12g4\"", "\"\t\"", "1 1",   "\"a\\",      "[",         "{\"a\":"})
    EXPECT_THAT(refusal(text), HasSubstr("at octet")) << text;
}

TEST(KeysJson, RefusesWhatTwoReadersCouldReadDifferently) {
  EXPECT_THAT(refusal(R"({"key":"a","key":"b"})"), HasSubstr("twice"));
  EXPECT_THAT(refusal(R"({"key":"a","\u006bey":"b"})"), HasSubstr("twice"));
  EXPECT_THAT(refusal("\"\\ud800\""), HasSubstr("surrogate"));
  EXPECT_THAT(refusal("\"\\ud800\\u0041\""), HasSubstr("surrogate"));
  EXPECT_THAT(refusal("\"\\udc00\""), HasSubstr("surrogate"));
  EXPECT_THAT(refusal("\"\xff\""), HasSubstr("UTF-8"));
  EXPECT_THAT(refusal("\xef\xbb\xbf{}"), HasSubstr("octet 0"));
  EXPECT_THAT(refusal(std::string_view{"{}\0", 3}), HasSubstr("follows"));
}

TEST(KeysJson, HasBounds) {
  EXPECT_EQ(refusal(std::string(8, '[') + std::string(8, ']')), "(taken)");
  EXPECT_THAT(refusal(std::string(9, '[') + std::string(9, ']')), HasSubstr("8 deep"));
  EXPECT_THAT(refusal(std::string(60'000, '[')), HasSubstr("8 deep"));
  std::string many = "[0";
  for (int i = 0; i < 5000; ++i) many += ",0";
  EXPECT_THAT(refusal(many + "]"), HasSubstr("256 values"));
  EXPECT_EQ(refusal('"' + std::string(65'534, 'a') + '"'), "(taken)");
  EXPECT_THAT(refusal('"' + std::string(65'535, 'a') + '"'), HasSubstr("64 KiB"));
}

TEST(KeysJson, NeverQuotesTheText) { EXPECT_THAT(refusal(R"({"key":"c2VjcmV0")"), Not(HasSubstr("c2Vj"))); }

// --- HTTP ---

const std::string plain = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
const std::string chunked =
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "4\r\n{\"a\"\r\n3;x=y\r\n:1}\r\n0\r\nTrailer: x\r\n\r\n";

TEST(KeysHttp, ReadsAnAnswerInPiecesOfAnySize) {
  for (const std::string& answer : {plain, chunked})
    for (std::size_t piece = 1; piece <= answer.size(); ++piece) {
      HttpReader reader;
      for (std::size_t at = 0; at < answer.size(); at += piece) {
        EXPECT_EQ(reader.state(), State::reading);
        reader.feed(octets(std::string_view{answer}.substr(at, piece)));
      }
      EXPECT_EQ(reader.state(), State::done);
      EXPECT_EQ(reader.status(), 200U);
      EXPECT_EQ(reader.body(), "{\"a\":1}");
    }
}

TEST(KeysHttp, TakesNoAnswerThatWasCutAtAnyOctet) {
  for (const std::string& answer : {plain, chunked})
    for (std::size_t size = 0; size < answer.size(); ++size)
      for (const bool clean : {false, true}) {
        HttpReader reader;
        EXPECT_EQ(reader.feed(octets(std::string_view{answer}.substr(0, size))), State::reading);
        EXPECT_EQ(reader.end(clean), State::failed) << size;
        EXPECT_THAT(reader.problem(), HasSubstr("closed"));
        EXPECT_EQ(reader.body(), "");
      }
}

TEST(KeysHttp, TakesABodyWithoutALengthOnlyWhereItsEndIsProved) {
  for (const bool clean : {false, true}) {
    HttpReader reader;
    reader.feed(octets("HTTP/1.0 200 OK\r\n\r\n{}"));
    EXPECT_EQ(reader.state(), State::reading);
    EXPECT_EQ(reader.end(clean), clean ? State::done : State::failed);
  }
}

TEST(KeysHttp, TakesAnAnswerWithoutABody) {
  for (const char* answer : {"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 204\r\n\r\n"}) {
    HttpReader reader;
    EXPECT_EQ(reader.feed(octets(answer)), State::done) << answer;
  }
}

TEST(KeysHttp, RefusesWhatTwoReadersCouldReadDifferently) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  for (const std::string& answer : {ok + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
                                    ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                                    ok + "Content-Length: +1\r\n\r\n",
                                    ok + "Content-Length: 0x1\r\n\r\n",
                                    ok + "Content-Length: 1, 1\r\n\r\n",
                                    ok + "Content-Length : 1\r\n\r\n",
                                    ok + "Transfer-Encoding: gzip, chunked\r\n\r\n",
                                    ok + " folded: 1\r\n\r\n",
                                    ok + "Content-Encoding: gzip\r\n\r\n",
                                    ok + "a: 1\n\r\n",
                                    ok + "a: \x01\r\n\r\n",
                                    ok + "a: 1\r\r\n",
                                    std::string{"HTTP/2 200\r\n\r\n"},
                                    std::string{"HTTP/1.1 20 OK\r\n"},
                                    std::string{"HTTP/1.1 2000\r\n"},
                                    std::string{"HTTP/1.1 +20\r\n"},
                                    std::string{"HTTP/1.1 101 x\r\n\r\n"},
                                    std::string{"SSH-2.0-x\r\n"},
                                    ok + "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
                                    ok + "Transfer-Encoding: chunked\r\n\r\n0x1\r\n",
                                    ok + "Transfer-Encoding: chunked\r\n\r\n\r\n",
                                    ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
                                    ok + "Transfer-Encoding: chunked\r\n\r\n10000000000000001\r\n",
                                    plain + "x",
                                    chunked + "x"}) {
    HttpReader reader;
    EXPECT_EQ(reader.feed(octets(answer)), State::failed) << answer;
    EXPECT_FALSE(reader.problem().empty());
  }
}

TEST(KeysHttp, HasBounds) {
  HttpReader length;
  EXPECT_EQ(length.feed(octets("HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n")), State::failed);
  HttpReader fields;
  EXPECT_EQ(fields.feed(octets("HTTP/1.1 200 OK\r\na: " + std::string(17'000, 'x'))), State::failed);
  HttpReader chunks;
  chunks.feed(octets("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
  for (int i = 0; i < 70 && chunks.state() == State::reading; ++i)
    chunks.feed(octets("400\r\n" + std::string(1024, 'x') + "\r\n"));
  EXPECT_EQ(chunks.state(), State::failed);
  HttpReader interim;
  for (int i = 0; i < 5000 && interim.state() == State::reading; ++i) interim.feed(octets("HTTP/1.1 100 C\r\n\r\n"));
  EXPECT_EQ(interim.state(), State::failed);
  HttpReader endless;
  endless.feed(octets("HTTP/1.1 200 OK\r\n\r\n" + std::string(65'536, 'x')));
  EXPECT_EQ(endless.state(), State::failed);
}

TEST(KeysHttp, WritesARequest) {
  const auto url = parse_url("https://KME.example.org:8443/qkd/");
  ASSERT_TRUE(url);
  EXPECT_EQ(write_request({.method = "POST", .target = "/x", .body = "{}"}, *url),
            "POST /qkd/x HTTP/1.1\r\nHost: kme.example.org:8443\r\nAccept: application/json\r\nConnection: close\r\n"
            "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
}

TEST(KeysHttp, ReadsAddresses) {
  const auto name = parse_url("https://kme.example.org");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->port, 443);
  EXPECT_EQ(name->authority(), "kme.example.org");
  EXPECT_FALSE(name->is_address);
  const auto v6 = parse_url("HTTPS://[2001:db8::1]:8443/a/b");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "2001:db8::1");
  EXPECT_TRUE(v6->is_address);
  EXPECT_EQ(v6->authority(), "[2001:db8::1]:8443");
  EXPECT_EQ(v6->path, "/a/b");
  for (const char* wrong : {"",
                            "http://a",
                            "https://",
                            "https:///x",
                            "https://a:0",
                            "https://a:65536",
                            "https://a:",
                            "https://u@a",
                            "https://a?x",
                            "https://a/x?y",
                            "https://a/x#y",
                            "https://[::1",
                            "https://[a]",
                            "https://[192.0.2.1]",
                            "https://-a",
                            "https://a..b",
                            "https://a b",
                            "https://a/ b",
                            "https://::1",
                            "https://a/\r\nx: y"}) {
    const auto url = parse_url(wrong);
    ASSERT_FALSE(url) << wrong;
    EXPECT_THAT(url.error().message, HasSubstr("https://HOST[:PORT][/PATH] is accepted"));
  }
}

TEST(KeysHttp, EncodesNames) { EXPECT_EQ(percent_encode("SAE B/\u00e9~?"), "SAE%20B%2f%c3%a9~%3f"); }

// --- ETSI GS QKD 014 ---

const std::string uuid = "0A1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
const std::string uuid_digits = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
const std::string key_base64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

std::string container(const std::string& id, const std::string& key) {
  return R"({"keys":[{"key_ID":")" + id + R"(","key":")" + key + R"(","key_extension":{"x":1}}],"more":null})";
}

TEST(KeysEtsi014, AsksTheOtherEndsName) {
  EXPECT_EQ(etsi014::ask_status("SAE B").target, "/api/v1/keys/SAE%20B/status");
  const HttpRequest fresh = etsi014::ask_key("SAE-B", 256);
  EXPECT_EQ(fresh.method, "POST");
  EXPECT_EQ(fresh.target, "/api/v1/keys/SAE-B/enc_keys");
  EXPECT_EQ(fresh.body, R"({"number":1,"size":256})");
  const auto known = etsi014::ask_key_by_id("SAE-A", *Ckn::from_hex(uuid_digits));
  ASSERT_TRUE(known);
  EXPECT_EQ(known->target, "/api/v1/keys/SAE-A/dec_keys");
  EXPECT_EQ(known->body, R"({"key_IDs":[{"key_ID":"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"}]})");
  EXPECT_FALSE(etsi014::ask_key_by_id("SAE-A", *Ckn::from_hex("01")));
}

TEST(KeysEtsi014, ReadsAKeyAndItsNameInTheOrderOfTheText) {
  const auto key = etsi014::read_key(200, container(uuid, key_base64), 256, nullptr);
  ASSERT_TRUE(key) << key.error().words;
  EXPECT_EQ(to_string(key->ckn), uuid_digits);
  EXPECT_EQ(to_hex(key->cak.expose()), "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  EXPECT_TRUE(etsi014::read_key(200, container(uuid, key_base64), 256, &key->ckn));
}

TEST(KeysEtsi014, RefusesWhatItDidNotAskFor) {
  const Ckn other = *Ckn::from_hex("00000000000000000000000000000001");
  EXPECT_THAT(etsi014::read_key(200, container(uuid, key_base64), 256, &other).error().words,
              HasSubstr("another key_ID"));
  EXPECT_THAT(etsi014::read_key(200, container(uuid, key_base64), 128, nullptr).error().words,
              HasSubstr("256 bits, 128 were asked for"));
  EXPECT_THAT(etsi014::read_key(200, container("no uuid", key_base64), 256, nullptr).error().words, HasSubstr("UUID"));
  EXPECT_THAT(etsi014::read_key(200, container(uuid, "****"), 256, nullptr).error().words, HasSubstr("base64"));
  EXPECT_THAT(etsi014::read_key(200, R"({"keys":[]})", 256, nullptr).error().words, HasSubstr("0 keys"));
  EXPECT_THAT(etsi014::read_key(200, R"({"keys":{"a":1}})", 256, nullptr).error().words, HasSubstr("1 keys in place"));
  EXPECT_EQ(etsi014::read_key(200, "<html>", 256, nullptr).error().kind, Refusal::Kind::malformed);
}

TEST(KeysEtsi014, TellsRefusalsFromServersThatAreBusy) {
  const Refusal refused = etsi014::read_key(400, R"({"message":"no such\u0007 key"})", 256, nullptr).error();
  EXPECT_EQ(refused.kind, Refusal::Kind::refused);
  EXPECT_EQ(refused.words, "status 400: no such\\x07 key");
  EXPECT_EQ(etsi014::read_key(401, "", 256, nullptr).error().kind, Refusal::Kind::refused);
  EXPECT_EQ(etsi014::read_key(503, "", 256, nullptr).error().kind, Refusal::Kind::busy);
  EXPECT_EQ(etsi014::read_key(429, "", 256, nullptr).error().kind, Refusal::Kind::busy);
  const std::string lengthy = R"({"message":")" + std::string(5000, 'x') + "\"}";
  EXPECT_LE(etsi014::read_key(400, lengthy, 256, nullptr).error().words.size(), most_words + 20);
}

TEST(KeysEtsi014, ReadsAStatus) {
  const auto status = etsi014::read_status(200, R"({"stored_key_count":9,"key_size":352})");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->words, "9 keys stored");
  EXPECT_TRUE(etsi014::read_status(200, "{}"));
  EXPECT_FALSE(etsi014::read_status(200, "[]"));
  EXPECT_FALSE(etsi014::read_status(503, "{}"));
}

// --- SKIP ---

const std::string skip_key = "000102030405060708090A0b0c0d0e0f";

TEST(KeysSkip, AsksByName) {
  EXPECT_EQ(skip::ask_capabilities().target, "/capabilities");
  EXPECT_EQ(skip::ask_key("KP B", 128).target, "/key?remoteSystemID=KP%20B&size=128");
  EXPECT_EQ(skip::ask_key_by_id("KP-A", *Ckn::from_hex("ABcd")).target, "/key/abcd?remoteSystemID=KP-A");
  EXPECT_EQ(skip::ask_key("KP-B", 128).body, "");
}

TEST(KeysSkip, ReadsAKey) {
  const auto key = skip::read_key(200, R"({"keyId":"AB01","key":")" + skip_key + "\"}", 128, nullptr);
  ASSERT_TRUE(key) << key.error().words;
  EXPECT_EQ(to_string(key->ckn), "ab01");
  EXPECT_EQ(to_hex(key->cak.expose()), "000102030405060708090a0b0c0d0e0f");
}

TEST(KeysSkip, RefusesNamesThatCannotBeACkn) {
  for (const std::string& id : {std::string{"key-1"}, std::string{}, std::string{"abc"}, std::string(66, 'a')}) {
    const auto key = skip::read_key(200, R"({"keyId":")" + id + R"(","key":")" + skip_key + "\"}", 128, nullptr);
    ASSERT_FALSE(key) << id;
    EXPECT_THAT(key.error().words, HasSubstr("cannot be a CKN"));
  }
  EXPECT_THAT(skip::read_key(200, R"({"keyId":"01","key":"00"})", 128, nullptr).error().words, HasSubstr("128 bits"));
  EXPECT_FALSE(skip::read_key(200, R"({"keyId":"01","key":7})", 128, nullptr));
}

TEST(KeysSkip, KnowsAProviderThatGivesNoKeys) {
  EXPECT_TRUE(skip::read_capabilities(200, R"({"entropy":true,"key":true})"));
  EXPECT_THAT(skip::read_capabilities(200, R"({"entropy":true,"key":false})").error().words, HasSubstr("no keys"));
}

}  // namespace
}  // namespace macsec::keys
