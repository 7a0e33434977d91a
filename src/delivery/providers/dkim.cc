#include "dkim.h"

#include "mail_address.h"

#include "postrider/crypto/encoding.h"
#include "postrider/crypto/private_key.h"
#include "postrider/crypto/signing.h"

#include <algorithm>
#include <array>
#include <map>

namespace postrider::delivery {
namespace dkim {
namespace {

// Everything a receiver shows or acts on. Clients' usual lists leave out List-Unsubscribe-Post, which RFC 8058 wants signed.
constexpr std::array<std::string_view, 12> kNames = {"from",         "to",       "subject", "date",             "message-id",            "mime-version",
                                                     "content-type", "reply-to", "list-id", "list-unsubscribe", "list-unsubscribe-post", "feedback-id"};
// Named once more than present: a second one added on the way breaks the signature.
constexpr std::array<std::string_view, 5> kOnce = {"from", "to", "subject", "list-unsubscribe", "list-unsubscribe-post"};

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string lower_name(std::string_view field) {
  std::string name;
  for (char const c : field) {
    if (c == ':') break;
    name += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  while (!name.empty() && is_blank(name.back())) name.pop_back();
  return name;
}

}  // namespace

std::string relaxed_body(std::string_view body) {
  std::string out;
  out.reserve(body.size() + 2);
  std::size_t kept = 0;  // where the last line that is not empty ends
  while (!body.empty()) {
    auto const end = body.find("\r\n");
    auto const line = body.substr(0, end);
    auto const begin = out.size();
    for (std::size_t i = 0; i < line.size();) {
      auto const blank = line.find_first_of(" \t", i);
      out.append(line.substr(i, blank - i));
      if (blank == std::string_view::npos) break;
      i = line.find_first_not_of(" \t", blank);
      if (i == std::string_view::npos) break;  // blanks at the end of a line go
      out += ' ';
    }
    auto const empty = out.size() == begin;
    out += "\r\n";
    if (!empty) kept = out.size();
    if (end == std::string_view::npos) break;
    body.remove_prefix(end + 2);
  }
  out.resize(kept);
  return out;
}

std::string relaxed_header(std::string_view field) {
  std::string out = lower_name(field);
  out += ':';
  auto const colon = field.find(':');
  auto value = colon == std::string_view::npos ? std::string_view() : field.substr(colon + 1);
  bool blank = false;
  auto const begin = out.size();
  for (char const c : value) {
    if (is_blank(c) || c == '\r' || c == '\n') {
      blank = blank || is_blank(c);
      continue;
    }
    if (blank && out.size() > begin) out += ' ';
    blank = false;
    out += c;
  }
  return out;
}

ParsedMessage parse_message(std::string_view message) {
  ParsedMessage parsed;
  while (!message.empty()) {
    if (message.starts_with("\r\n")) {
      parsed.body = message.substr(2);
      break;
    }
    std::size_t end = 0;
    while (true) {
      auto const line = message.find("\r\n", end);
      end = line == std::string_view::npos ? message.size() : line + 2;
      if (end >= message.size() || !is_blank(message[end])) break;
    }
    parsed.fields.push_back(message.substr(0, end));
    message.remove_prefix(end);
  }
  return parsed;
}

std::vector<std::string> names_to_sign(ParsedMessage const& message) {
  std::map<std::string, int, std::less<>> present;
  for (auto const& field : message.fields) ++present[lower_name(field)];
  std::vector<std::string> names;
  for (auto const name : kNames) {
    auto const found = present.find(name);
    for (int i = 0; found != present.end() && i < found->second; ++i) names.emplace_back(name);
  }
  for (auto const name : kOnce) {
    if (present.contains(name) || name == "from") names.emplace_back(name);
  }
  return names;
}

std::string hash_input(ParsedMessage const& message, std::vector<std::string> const& names, std::string_view signature_field) {
  std::string input;
  std::map<std::string, std::size_t, std::less<>> searched;  // fields from here on are taken already
  for (auto const& name : names) {
    auto const [at, fresh] = searched.try_emplace(name, message.fields.size());
    while (at->second > 0) {
      auto const& field = message.fields[--at->second];
      if (lower_name(field) != name) continue;
      input += relaxed_header(field);
      input += "\r\n";
      break;
    }
  }
  input += relaxed_header(signature_field);
  return input;
}

}  // namespace dkim

namespace {

bool is_selector(std::string_view text) {
  return !text.empty() && text.size() <= 63 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
}

Result<std::string> checked_domain(std::string_view domain) {
  auto const address = parse_mail_address("postmaster@" + std::string(domain));
  if (!address || address->domain.starts_with('[')) return invalid("the DKIM domain is not a domain name");
  return address->domain;
}

}  // namespace

struct DkimSigner::Key {
  std::string selector;
  crypto::PrivateKey key;
};

DkimSigner::DkimSigner(std::string domain, std::vector<Key> keys) : domain_(std::move(domain)), keys_(std::move(keys)) {}
DkimSigner::~DkimSigner() = default;
DkimSigner::DkimSigner(DkimSigner&&) noexcept = default;

Result<std::shared_ptr<DkimSigner const>> DkimSigner::create(std::string_view domain, std::vector<DkimKey> const& keys) {
  auto checked = checked_domain(domain);
  if (!checked) return checked.error();
  if (keys.empty()) return invalid("DKIM needs at least one key");
  std::vector<Key> held;
  for (auto const& key : keys) {
    if (!is_selector(key.selector)) return invalid("a DKIM selector consists of letters, digits, dashes and dots");
    auto read = crypto::PrivateKey::from_pem(key.private_key);
    if (!read) return read.error();
    held.push_back(Key{key.selector, std::move(*read)});
  }
  return std::shared_ptr<DkimSigner const>(new DkimSigner(std::move(*checked), std::move(held)));
}

bool DkimSigner::is_slow() const {
  return std::any_of(keys_.begin(), keys_.end(), [](Key const& key) { return key.key.kind() == crypto::PrivateKey::Kind::rsa; });
}

std::string DkimSigner::sign(std::string_view message, Instant at) const {
  auto const parsed = dkim::parse_message(message);
  auto const names = dkim::names_to_sign(parsed);
  auto const body_hash = crypto::base64(crypto::sha256(dkim::relaxed_body(parsed.body)));
  std::string joined;
  for (auto const& name : names) joined += (joined.empty() ? "" : ":") + name;
  auto const seconds = std::to_string(std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count());
  std::string fields;
  for (auto const& key : keys_) {
    auto const rsa = key.key.kind() == crypto::PrivateKey::Kind::rsa;
    std::string field = std::string("DKIM-Signature: v=1; a=") + (rsa ? "rsa-sha256" : "ed25519-sha256") + "; c=relaxed/relaxed; d=" + domain_ +
                        ";\r\n s=" + key.selector + "; t=" + seconds + ";\r\n h=" + joined + ";\r\n bh=" + body_hash + ";\r\n b=";
    auto const input = dkim::hash_input(parsed, names, field);
    // RFC 8463: Ed25519 signs the digest, not the text.
    auto const signature = crypto::base64(rsa ? key.key.sign(input) : key.key.sign(crypto::sha256(input)));
    for (std::size_t i = 0; i < signature.size(); i += 72) {
      if (i > 0) field += "\r\n ";
      field += signature.substr(i, 72);
    }
    fields += field + "\r\n";
  }
  return fields;
}

Result<DkimRecord> dkim_record(std::string_view domain, DkimKey const& key) {
  auto checked = checked_domain(domain);
  if (!checked) return checked.error();
  if (!is_selector(key.selector)) return invalid("a DKIM selector consists of letters, digits, dashes and dots");
  auto const read = crypto::PrivateKey::from_pem(key.private_key);
  if (!read) return read.error();
  DkimRecord record;
  record.name = key.selector + "._domainkey." + *checked;
  record.text = std::string("v=DKIM1; k=") + (read->kind() == crypto::PrivateKey::Kind::rsa ? "rsa" : "ed25519") + "; p=" + crypto::base64(read->public_key());
  return record;
}

}  // namespace postrider::delivery
