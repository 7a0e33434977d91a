// DKIM (RFC 6376, RFC 8463): relaxed/relaxed signatures by one or two keys of a domain, put before the message.
// May be used from several threads at the same time; signing with RSA takes a quarter of a millisecond.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/error.h"
#include "postrider/base/secret.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::delivery {

struct DkimKey {
  std::string selector;
  Secret private_key;  // PEM, RSA or Ed25519
};

class DkimSigner {
 public:
  // One signature for each key. *Fails with* invalid: bad domain, bad selector, unreadable key, no key.
  static Result<std::shared_ptr<DkimSigner const>> create(std::string_view domain, std::vector<DkimKey> const& keys);
  ~DkimSigner();
  DkimSigner(DkimSigner&&) noexcept;

  std::string const& domain() const { return domain_; }
  // True when it signs with RSA, which is worth a thread of its own.
  bool is_slow() const;
  // The header fields to put before the message, each ended by CRLF. `message` has CRLF line ends.
  std::string sign(std::string_view message, Instant at) const;

 private:
  struct Key;
  DkimSigner(std::string domain, std::vector<Key> keys);
  std::string domain_;
  std::vector<Key> keys_;
};

// What to publish: name ("pr1._domainkey.example.com") and text ("v=DKIM1; k=rsa; p=...") of the TXT record.
struct DkimRecord {
  std::string name;
  std::string text;
};
Result<DkimRecord> dkim_record(std::string_view domain, DkimKey const& key);

}  // namespace postrider::delivery
