#include "support/results.h"
#include "support/shared_files.h"

#include "postrider/base/random.h"
#include "postrider/crypto/encoding.h"
#include "postrider/crypto/password.h"
#include "postrider/crypto/sealing.h"
#include "postrider/crypto/signing.h"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

using namespace postrider;
using namespace postrider::crypto;

namespace {

Keys test_keys(char const* secret = "0123456789abcdef0123456789abcdef") {
  std::vector<Secret> masters;
  masters.emplace_back(std::string(secret));
  return Keys::from_secrets(std::move(masters)).value();
}

struct TempFolder {
  TempFolder() {
    char name[] = "/tmp/postrider-test-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~TempFolder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

void put_file(std::filesystem::path const& path, std::string_view text, mode_t mode = 0600) {
  std::ofstream(path, std::ios::binary) << text;
  ::chmod(path.c_str(), mode);
}

}  // namespace

TEST_CASE("digests and MACs equal the published vectors") {
  CHECK(hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex(hmac_sha256("Jefe", "what do ya want for nothing?")) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hex(hmac_sha1("Jefe", "what do ya want for nothing?")) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  // RFC 5869, test cases 1 and 3.
  auto const secret = std::string(22, '\x0b');
  CHECK(hex(hkdf_sha256(secret, *from_hex("000102030405060708090a0b0c"), *from_hex("f0f1f2f3f4f5f6f7f8f9"), 42)) ==
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  CHECK(hex(hkdf_sha256(secret, "", "", 42)) ==
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST_CASE("a signature verifies for its purpose, key and text only") {
  auto const keys = test_keys();
  auto const signer = keys.signer(KeyUse::cursors, "contacts");
  auto const mac = signer.sign("text");
  std::string_view const bytes(mac.data(), mac.size());
  CHECK(signer.verify("text", bytes));
  CHECK(signer.verify("text", bytes.substr(0, 16)));
  CHECK_FALSE(signer.verify("text", bytes.substr(0, 9)));
  CHECK_FALSE(signer.verify("text", ""));
  CHECK_FALSE(signer.verify("texT", bytes));
  CHECK_FALSE(keys.signer(KeyUse::cursors, "leads").verify("text", bytes));
  CHECK_FALSE(keys.signer(KeyUse::sessions, "contacts").verify("text", bytes));
  CHECK_FALSE(test_keys("fedcba9876543210fedcba9876543210").signer(KeyUse::cursors, "contacts").verify("text", bytes));
  // A purpose never runs into the text.
  CHECK_FALSE(keys.signer(KeyUse::cursors, "contact").verify("stext", bytes));
}

TEST_CASE("what an old master secret signed and sealed still verifies and opens after rotation") {
  auto const before = test_keys();
  std::vector<Secret> masters;
  masters.emplace_back("a new secret of more than thirty-two characters");
  masters.emplace_back("0123456789abcdef0123456789abcdef");
  auto const after = Keys::from_secrets(std::move(masters)).value();
  auto const mac = before.signer(KeyUse::links, "x").sign("text");
  CHECK(after.signer(KeyUse::links, "x").verify("text", std::string_view(mac.data(), mac.size())));
  SystemRandom random;
  auto const place = SealedPlace{TenantId(uuid_from_name("t")), "providers", "settings.password", uuid_from_name("row")};
  auto const sealed = Sealer(before, random).seal(Secret("hush"), place);
  CHECK(Sealer(after, random).open(sealed, place).value().reveal() == "hush");
  auto const newer = Sealer(after, random).seal(Secret("hush"), place);
  CHECK_FALSE(Sealer(before, random).open(newer, place));
}

TEST_CASE("a sealed secret opens in its own place only") {
  SystemRandom random;
  auto const keys = test_keys();
  Sealer const sealer(keys, random);
  auto const place = SealedPlace{TenantId(uuid_from_name("t")), "providers", "settings.password", uuid_from_name("row")};
  for (auto const& text : {std::string(), std::string("x"), std::string("p\0ss", 4), std::string(5000, 'k')}) {
    auto const sealed = sealer.seal(Secret(text), place);
    CHECK(Sealer::is_sealed(sealed));
    CHECK(sealer.open(sealed, place).value().reveal() == text);
    CHECK(sealed != sealer.seal(Secret(text), place));
    auto other = place;
    other.tenant = TenantId(uuid_from_name("u"));
    CHECK_FALSE(sealer.open(sealed, other));
    other = place;
    other.table = "senders";
    CHECK_FALSE(sealer.open(sealed, other));
    other = place;
    other.column = "settings.api_key";
    CHECK_FALSE(sealer.open(sealed, other));
    other = place;
    other.row = uuid_from_name("another row");
    CHECK_FALSE(sealer.open(sealed, other));
  }
  auto const sealed = sealer.seal(Secret("hush"), place);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    CHECK_FALSE(sealer.open(changed, place));
    CHECK_FALSE(sealer.open(sealed.substr(0, i), place));
  }
  CHECK_FALSE(sealer.open("", place));
  CHECK_FALSE(sealer.open("hush", place));
  CHECK_FALSE(sealer.open(sealed + "A", place));
}

TEST_CASE("the signatures of SendGrid's webhooks verify") {
  auto const text = test::shared_text("reference/vectors/sendgrid-signature.json");
  if (!text) return;
  auto const vectors = boost::json::parse(*text).as_object();
  auto const verifier = EcdsaVerifier::create(std::string(vectors.at("public_key_spki_b64").as_string()));
  REQUIRE(verifier);
  for (auto const& entry : vectors.at("cases").as_array()) {
    auto const& item = entry.as_object();
    INFO(item.at("name").as_string().c_str());
    auto const signed_bytes = std::string(item.at("timestamp").as_string()) + std::string(item.at("body").as_string());
    auto const signature = std::string(item.at("signature").as_string());
    auto const valid = item.at("valid").as_bool();
    CHECK(verifier->verify(signed_bytes, signature) == valid);
    if (!valid) continue;
    CHECK_FALSE(verifier->verify(signed_bytes, ""));
    CHECK_FALSE(verifier->verify(signed_bytes, signature.substr(4)));
    CHECK_FALSE(verifier->verify(signed_bytes, signature.substr(0, signature.size() - 4)));
    auto const der = *from_base64(signature);
    CHECK_FALSE(verifier->verify(signed_bytes, base64(der + '\0')));
    for (std::size_t i = 0; i < der.size(); ++i) {
      auto changed = der;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      CHECK_FALSE(verifier->verify(signed_bytes, base64(changed)));
    }
  }
}

TEST_CASE("what is no public key on P-256 is refused with a reason") {
  CHECK_FALSE(EcdsaVerifier::create(""));
  CHECK_FALSE(EcdsaVerifier::create("not base64"));
  CHECK_FALSE(EcdsaVerifier::create("AAAA"));
  // An Ed25519 key.
  auto const wrong = EcdsaVerifier::create("MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().message.find("P-256") != std::string::npos);
}

TEST_CASE("a secret file is made once and read ever after") {
  TempFolder const folder;
  auto const file = folder.path / "secret";
  SystemRandom random;
  auto const made = Keys::load_or_create(file, random);
  REQUIRE(made);
  struct stat facts {};
  REQUIRE(::stat(file.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  auto const again = Keys::load_or_create(file, random);
  REQUIRE(again);
  CHECK(made->derive(KeyUse::links).front().reveal() == again->derive(KeyUse::links).front().reveal());
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 1);
}

TEST_CASE("processes that make the secret file at the same time agree on one") {
  TempFolder const folder;
  auto const file = folder.path / "secret";
  std::vector<std::string> seen(8);
  std::vector<std::thread> threads;
  for (auto& key : seen) {
    threads.emplace_back([&key, &file] {
      SystemRandom random;
      key = Keys::load_or_create(file, random).value().derive(KeyUse::sealing).front().reveal();
    });
  }
  for (auto& thread : threads) thread.join();
  for (auto const& key : seen) CHECK(key == seen.front());
}

TEST_CASE("an empty, short, guessable or public secret file is refused by name") {
  TempFolder const folder;
  auto const file = folder.path / "secret";
  SystemRandom random;
  auto const refused = [&](std::string_view text, mode_t mode, std::string const& why) {
    put_file(file, text, mode);
    auto const keys = Keys::load_or_create(file, random);
    INFO(text);
    REQUIRE_FALSE(keys);
    CHECK(keys.error().code == Code::invalid);
    CHECK(keys.error().message.find(file.string()) != std::string::npos);
    CHECK(keys.error().message.find(why) != std::string::npos);
  };
  refused("", 0600, "no secret");
  refused("\n \n", 0600, "no secret");
  refused("short\n", 0600, "shorter than 32");
  refused("0123456789abcdef0123456789abcdef\nshort\n", 0600, "shorter than 32");
  refused(std::string(64, 'x'), 0600, "guessed");
  refused("0123456789abcdef0123456789abcdef\n", 0644, "chmod 600");
  std::filesystem::remove(file);
  std::filesystem::create_directory(file);
  CHECK_FALSE(Keys::load_or_create(file, random));
  CHECK_FALSE(Keys::load_or_create(folder.path / "nowhere" / "secret", random));
}

TEST_CASE("a password verifies against its own hash only") {
  auto const hash = hash_password("correct horse");
  CHECK(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
  CHECK(verify_password(hash, "correct horse"));
  CHECK_FALSE(verify_password(hash, "correct horsf"));
  CHECK_FALSE(verify_password(hash, ""));
  CHECK_FALSE(verify_password("", "correct horse"));
  CHECK_FALSE(verify_password("$argon2i$", "correct horse"));
  CHECK(hash != hash_password("correct horse"));
  CHECK_FALSE(needs_rehash(hash));
  CHECK(needs_rehash("$argon2id$v=19$m=4096,t=1,p=1$c29tZXNhbHRzb21l$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
  CHECK_FALSE(verify_dummy_password("correct horse"));
}
