#include "support/mail_samples.h"
#include "support/results.h"
#include "support/shared_files.h"

#include "delivery/providers/dkim.h"
#include "delivery/providers/mime.h"
#include "postrider/crypto/encoding.h"
#include "postrider/crypto/private_key.h"
#include "postrider/crypto/signing.h"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::delivery;

namespace {

std::string text_at(boost::json::object const& object, char const* key) { return std::string(object.at(key).as_string()); }

// The value of one tag of a signature field, blanks removed.
std::string tag(std::string_view field, std::string_view name) {
  auto at = field.find("; " + std::string(name) + "=");
  if (at == std::string_view::npos) at = field.find("\r\n " + std::string(name) + "=") - 1;
  at = field.find('=', at) + 1;
  std::string value;
  for (char const c : field.substr(at, field.find(';', at) - at)) {
    if (c != ' ' && c != '\r' && c != '\n' && c != '\t') value += c;
  }
  return value;
}

// An own verifier: takes the message with its signatures apart again and checks hash and signature.
bool verifies(std::string_view message, crypto::PrivateKey::Kind kind, std::string_view public_key) {
  auto const parsed = dkim::parse_message(message);
  auto const algorithm = kind == crypto::PrivateKey::Kind::rsa ? "rsa-sha256" : "ed25519-sha256";
  for (auto const& field : parsed.fields) {
    if (!field.starts_with("DKIM-Signature:") || tag(field, "a") != algorithm) continue;
    if (tag(field, "bh") != crypto::base64(crypto::sha256(dkim::relaxed_body(parsed.body)))) return false;
    std::vector<std::string> names;
    auto const listed = tag(field, "h");
    for (std::size_t at = 0; at <= listed.size();) {
      auto const end = std::min(listed.find(':', at), listed.size());
      names.push_back(listed.substr(at, end - at));
      at = end + 1;
    }
    auto mark = field.rfind("b=");
    while (mark > 0 && std::string_view(" \t;").find(field[mark - 1]) == std::string_view::npos) mark = field.rfind("b=", mark - 1);
    auto const unsigned_field = field.substr(0, mark + 2);
    auto const input = dkim::hash_input(parsed, names, unsigned_field);
    auto const signature = crypto::from_base64(tag(field, "b")).value_or("");
    return crypto::verify_signature(kind, public_key, kind == crypto::PrivateKey::Kind::rsa ? input : crypto::sha256(input), signature);
  }
  return false;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  auto const at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

}  // namespace

TEST_CASE("canonical forms, hashes and signatures equal the vectors") {
  auto const file = test::shared_text("reference/vectors/dkim.json");
  if (!file) return;
  auto const vectors = boost::json::parse(*file).as_object();
  auto const body = text_at(vectors, "body");
  CHECK(dkim::relaxed_body(body) == text_at(vectors, "relaxedBody"));
  CHECK(crypto::base64(crypto::sha256(dkim::relaxed_body(body))) == text_at(vectors, "bh_relaxed_sha256"));
  CHECK(crypto::base64(crypto::sha256(dkim::relaxed_body(""))) == text_at(vectors, "bh_empty_relaxed"));
  CHECK(dkim::relaxed_body("\r\n\r\n").empty());
  std::string message;
  auto const& headers = vectors.at("headers").as_array();
  for (std::size_t i = 0; i < headers.size(); ++i) {
    auto const field = std::string(headers[i].as_string());
    CHECK(dkim::relaxed_header(field + "\r\n") == std::string(vectors.at("relaxed_headers").as_array()[i].as_string()));
    message += field + "\r\n";
  }
  message += "\r\n" + body;
  std::vector<std::string> const names = {"from", "to", "subject", "date", "message-id", "mime-version", "content-type", "list-unsubscribe", "list-unsubscribe-post"};
  for (auto const* name : {"ed25519", "rsa"}) {
    auto const& vector = vectors.at(name).as_object();
    auto const header = text_at(vector, "header");
    auto const input = dkim::hash_input(dkim::parse_message(message), names, header.substr(0, header.find(" b=") + 3));
    CHECK(input == text_at(vector, "hash_input"));
    CHECK(crypto::hex(crypto::sha256(input)) == text_at(vector, "sha256_of_input_hex"));
    auto const record = text_at(vector, "dns_txt");
    auto const key = *crypto::from_base64(record.substr(record.find("p=") + 2));
    auto const kind = std::string_view(name) == "rsa" ? crypto::PrivateKey::Kind::rsa : crypto::PrivateKey::Kind::ed25519;
    CHECK(verifies(text_at(vectors, "signed_message"), kind, key));
  }
  auto const& ed = vectors.at("ed25519").as_object();
  auto const key = crypto::PrivateKey::from_ed25519_seed(Secret(*crypto::from_hex(text_at(ed, "seed_hex")))).value();
  CHECK(crypto::base64(key.sign(crypto::sha256(text_at(ed, "hash_input")))) == text_at(ed, "b"));
  CHECK(dkim_record("example.com", {"ed1", key.to_pem()}).value().text == text_at(ed, "dns_txt"));
  CHECK(dkim_record("example.com", {"ed1", key.to_pem()}).value().name == text_at(ed, "dns_name"));
}

TEST_CASE("a message signed by nodemailer verifies in the same code") {
  auto const file = test::shared_text("reference/vectors/dkim.json");
  if (!file) return;
  auto const vectors = boost::json::parse(*file).as_object();
  if (!vectors.contains("nodemailer_signed_message")) return;
  auto const record = text_at(vectors.at("rsa").as_object(), "dns_txt");
  auto const message = text_at(vectors, "nodemailer_signed_message");
  CHECK(verifies(message, crypto::PrivateKey::Kind::rsa, *crypto::from_base64(record.substr(record.find("p=") + 2))));
}

TEST_CASE("random mails signed with two keys verify, and every change of meaning breaks them") {
  auto const rsa = crypto::PrivateKey::generate(crypto::PrivateKey::Kind::rsa);
  auto const ed = crypto::PrivateKey::generate(crypto::PrivateKey::Kind::ed25519);
  std::vector<DkimKey> keys;
  keys.push_back({"pr1", rsa.to_pem()});
  keys.push_back({"ed1", ed.to_pem()});
  auto const signer = DkimSigner::create("example.com", keys).value();
  test::MailSamples samples(5);
  for (int i = 0; i < 50; ++i) {
    auto envelope = samples.envelope();
    envelope.letter.unsubscribe_url = "https://u.example.com/u/token";
    envelope.dkim = signer;
    auto const message = build_mail(envelope).value().bytes;
    INFO(message.substr(0, 2500));
    auto const both = [&](std::string_view text) {
      return (verifies(text, rsa.kind(), rsa.public_key()) ? 1 : 0) + (verifies(text, ed.kind(), ed.public_key()) ? 1 : 0);
    };
    REQUIRE(both(message) == 2);
    CHECK(both(replaced(message, "List-Unsubscribe-Post: List-", "List-Unsubscribe-Post:\r\n\t List-")) == 2);
    CHECK(both(replaced(message, "u/token", "u/other")) == 0);
    CHECK(both(replaced(message, "One-Click", "Two-Click")) == 0);
    CHECK(both(replaced(message, "\r\nMessage-ID: <", "\r\nMessage-ID: <x")) == 0);
    CHECK(both(replaced(message, "\r\nMIME-Version", "\r\nFrom: evil@example.net\r\nMIME-Version")) == 0);
    CHECK(both(replaced(message, "\r\nMIME-Version", "\r\nSubject: evil\r\nMIME-Version")) == 0);
    CHECK(both(message + "more\r\n") == 0);
    CHECK(both(message + "\r\n\r\n") == 2);
  }
}

TEST_CASE("keys and names that cannot sign are refused") {
  auto const ed = crypto::PrivateKey::generate(crypto::PrivateKey::Kind::ed25519);
  CHECK_FALSE(DkimSigner::create("example.com", {}));
  CHECK_FALSE(DkimSigner::create("exa mple", {{"s", ed.to_pem()}}));
  CHECK_FALSE(DkimSigner::create("example.com", {{"s;x", ed.to_pem()}}));
  CHECK_FALSE(DkimSigner::create("example.com", {{"", ed.to_pem()}}));
  CHECK_FALSE(DkimSigner::create("example.com", {{"s", Secret("not a key")}}));
  CHECK_FALSE(DkimSigner::create("example.com", {{"s", crypto::PrivateKey::generate(crypto::PrivateKey::Kind::rsa, 512).to_pem()}}));
  CHECK(DkimSigner::create("bücher.example", {{"s", ed.to_pem()}}).value()->domain() == "xn--bcher-kva.example");
}
