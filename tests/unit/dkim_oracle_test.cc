// A verifier of others: libopendkim, loaded at run time where it is installed. It checks mails as the builder makes and
// signs them. Its header is not C++-clean, so the dozen functions are named here.
#include "support/mail_samples.h"
#include "support/results.h"

#include "delivery/providers/mime.h"
#include "postrider/crypto/private_key.h"
#include "postrider/delivery/dkim.h"

#include <catch2/catch.hpp>

#include <dlfcn.h>
#include <unistd.h>

#include <fstream>

using namespace postrider;
using namespace postrider::delivery;

namespace {

constexpr int kSetOption = 1;
constexpr int kQueryMethod = 6;
constexpr int kQueryInfo = 7;
constexpr unsigned kPassed = 0x04;

class OpenDkim {
 public:
  explicit OpenDkim(std::string key_file) : key_file_(std::move(key_file)) {
    library_ = ::dlopen("libopendkim.so.11", RTLD_NOW);
    if (library_ == nullptr) return;
    session_ = call<void*(void*, void*)>("dkim_init")(nullptr, nullptr);
    int method = 1;  // a text file instead of DNS
    call<int(void*, int, int, void*, std::size_t)>("dkim_options")(session_, kSetOption, kQueryMethod, &method, sizeof method);
    call<int(void*, int, int, void*, std::size_t)>("dkim_options")(session_, kSetOption, kQueryInfo, key_file_.data(), key_file_.size() + 1);
  }
  ~OpenDkim() {
    if (session_ != nullptr) call<void(void*)>("dkim_close")(session_);
  }
  bool there() const { return session_ != nullptr; }

  // How many signatures it could check and found good.
  int good_signatures(std::string const& message, std::string& why) const {
    int status = 0;
    auto* const mail = call<void*(void*, char const*, void*, int*)>("dkim_verify")(session_, "id", nullptr, &status);
    auto bytes = message;
    call<int(void*, char*, std::size_t)>("dkim_chunk")(mail, bytes.data(), bytes.size());
    call<int(void*, char*, std::size_t)>("dkim_chunk")(mail, nullptr, 0);
    bool test_key = false;
    status = call<int(void*, bool*)>("dkim_eom")(mail, &test_key);
    why = call<char const*(int)>("dkim_getresultstr")(status);
    void** signatures = nullptr;
    int count = 0;
    call<int(void*, void***, int*)>("dkim_getsiglist")(mail, &signatures, &count);
    int good = 0;
    for (int i = 0; i < count; ++i) {
      auto const flags = call<unsigned(void*)>("dkim_sig_getflags")(signatures[i]);
      if ((flags & kPassed) != 0 && call<int(void*)>("dkim_sig_getbh")(signatures[i]) == 0) ++good;
    }
    call<int(void*)>("dkim_free")(mail);
    return good;
  }

 private:
  template <class Function>
  Function* call(char const* name) const {
    auto* const found = reinterpret_cast<Function*>(::dlsym(library_, name));
    if (found == nullptr) throw std::runtime_error(std::string("libopendkim lacks ") + name);
    return found;
  }
  std::string key_file_;
  void* library_ = nullptr;
  void* session_ = nullptr;
};

}  // namespace

TEST_CASE("libopendkim verifies what is signed") {
  auto const key = crypto::PrivateKey::generate(crypto::PrivateKey::Kind::rsa);
  std::vector<DkimKey> keys;
  keys.push_back({"pr1", key.to_pem()});
  auto const record = dkim_record("example.com", keys[0]).value();
  char name[] = "/tmp/postrider-keys-XXXXXX";
  ::close(::mkstemp(name));
  std::ofstream(name) << record.name << " " << record.text << "\n";
  OpenDkim const oracle(name);
  if (!oracle.there()) {
    ::unlink(name);
    WARN("SKIPPED: libopendkim.so.11 is not installed (package libopendkim-dev)");
    return;
  }
  auto const signer = DkimSigner::create("example.com", keys).value();
  test::MailSamples samples(77);
  for (int i = 0; i < 100; ++i) {
    auto envelope = samples.envelope();
    envelope.dkim = signer;
    envelope.date = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    auto const message = build_mail(envelope).value().bytes;
    std::string why;
    auto const good = oracle.good_signatures(message, why);
    INFO(why << "\n" << message.substr(0, 2000));
    REQUIRE(good == 1);
    auto changed = message;
    changed.insert(changed.find("\r\nSubject: ") + 11, "X");
    CHECK(oracle.good_signatures(changed, why) == 0);
  }
  ::unlink(name);
}
