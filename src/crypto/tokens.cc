#include "postrider/crypto/tokens.h"

#include "postrider/crypto/encoding.h"

#include <cstring>

namespace postrider::crypto {
namespace {

// The first byte of every token: version 1 in the high half, the purpose in the low one. The MAC covers it.
enum class Kind : char { open = 0x11, click = 0x12, unsubscribe = 0x13, preferences = 0x14, confirm = 0x15, bounce = 0x16, view = 0x17, sender = 0x18, target = 0x19 };

constexpr std::size_t kMacBytes = 16;
constexpr std::size_t kBounceMacBytes = 10;
constexpr std::string_view kBouncePrefix = "b+";
constexpr std::size_t kLongestText = 8192;

class Writer {
 public:
  explicit Writer(Kind kind) { bytes_[size_++] = static_cast<char>(kind); }
  void put(Uuid const& id) {
    std::memcpy(bytes_ + size_, id.bytes.data(), id.bytes.size());
    size_ += id.bytes.size();
  }
  void put(std::uint16_t number) {
    bytes_[size_++] = static_cast<char>(number >> 8);
    bytes_[size_++] = static_cast<char>(number & 0xFF);
  }
  // With more text behind it, as long as it likes.
  std::string finish(Signer const& signer, std::string_view text) {
    auto whole = std::string(bytes_, size_) + std::string(text);
    auto const mac = signer.sign(whole);
    whole.append(mac.data(), kMacBytes);
    return base64url(whole);
  }
  std::string finish(Signer const& signer) {
    auto const mac = signer.sign(std::string_view(bytes_, size_));
    std::memcpy(bytes_ + size_, mac.data(), kMacBytes);
    return base64url(std::string_view(bytes_, size_ + kMacBytes));
  }

 private:
  char bytes_[96];
  std::size_t size_ = 0;
};

// Verified before anything is read out of it.
class Reader {
 public:
  Reader(std::string_view text, Kind kind, std::size_t payload, Signer const& signer) {
    auto const size = 1 + payload + kMacBytes;
    if (text.size() != (size * 8 + 5) / 6) return;
    take(text, kind, size, signer);
  }
  // `payload` bytes, and a text behind them.
  static Reader with_text(std::string_view text, Kind kind, std::size_t payload, Signer const& signer) {
    Reader reader;
    reader.payload_ = payload;
    if (text.size() <= kLongestText) reader.take(text, kind, 0, signer);
    return reader;
  }
  bool good() const { return good_; }
  Uuid uuid() {
    Uuid id;
    std::memcpy(id.bytes.data(), bytes_.data() + at_, id.bytes.size());
    at_ += id.bytes.size();
    return id;
  }
  std::uint16_t number() {
    auto const high = static_cast<unsigned char>(bytes_[at_]);
    auto const low = static_cast<unsigned char>(bytes_[at_ + 1]);
    at_ += 2;
    return static_cast<std::uint16_t>(high << 8 | low);
  }
  std::string rest() const { return bytes_.substr(at_, bytes_.size() - kMacBytes - at_); }

 private:
  Reader() = default;
  // A `size` of 0 takes any that holds the payload.
  void take(std::string_view text, Kind kind, std::size_t size, Signer const& signer) {
    auto decoded = from_base64url(text);
    if (!decoded || decoded->size() < 1 + payload_ + kMacBytes || (size != 0 && decoded->size() != size) || decoded->front() != static_cast<char>(kind)) return;
    std::string_view const bytes = *decoded;
    auto const signed_size = bytes.size() - kMacBytes;
    if (!signer.verify(bytes.substr(0, signed_size), bytes.substr(signed_size))) return;
    bytes_ = std::move(*decoded);
    good_ = true;
  }

  std::string bytes_;
  std::size_t payload_ = 0;
  std::size_t at_ = 1;
  bool good_ = false;
};

}  // namespace

Tokens::Tokens(Keys const& keys)
    : links_(keys.signer(KeyUse::links, "mail link")), unsubscribe_(keys.signer(KeyUse::unsubscribe, "mail link")) {}

std::string Tokens::encode(OpenToken const& token) const {
  Writer writer(Kind::open);
  writer.put(token.tenant.uuid());
  writer.put(token.message.uuid());
  return writer.finish(links_);
}

std::string Tokens::encode(ClickToken const& token) const {
  Writer writer(token.target.empty() ? Kind::click : Kind::target);
  writer.put(token.tenant.uuid());
  writer.put(token.message.uuid());
  writer.put(token.template_version.uuid());
  writer.put(token.link);
  return token.target.empty() ? writer.finish(links_) : writer.finish(links_, token.target);
}

std::string Tokens::encode(UnsubscribeToken const& token) const {
  Writer writer(Kind::unsubscribe);
  writer.put(token.tenant.uuid());
  writer.put(token.message.uuid());
  writer.put(token.contact.uuid());
  return writer.finish(unsubscribe_);
}

std::string Tokens::encode(PreferencesToken const& token) const {
  Writer writer(Kind::preferences);
  writer.put(token.tenant.uuid());
  writer.put(token.message.uuid());
  writer.put(token.contact.uuid());
  return writer.finish(unsubscribe_);
}

std::string Tokens::encode(ConfirmToken const& token) const {
  Writer writer(Kind::confirm);
  writer.put(token.tenant.uuid());
  writer.put(token.contact.uuid());
  writer.put(token.consent);
  return writer.finish(unsubscribe_);
}

std::optional<OpenToken> Tokens::open(std::string_view text) const {
  Reader reader(text, Kind::open, 32, links_);
  if (!reader.good()) return std::nullopt;
  OpenToken token;
  token.tenant = TenantId(reader.uuid());
  token.message = MessageId(reader.uuid());
  return token;
}

std::optional<ClickToken> Tokens::click(std::string_view text) const {
  auto reader = Reader(text, Kind::click, 50, links_);
  bool const fixed = reader.good();
  if (!fixed) reader = Reader::with_text(text, Kind::target, 50, links_);
  if (!reader.good()) return std::nullopt;
  ClickToken token;
  token.tenant = TenantId(reader.uuid());
  token.message = MessageId(reader.uuid());
  token.template_version = TemplateVersionId(reader.uuid());
  token.link = reader.number();
  if (!fixed) token.target = reader.rest();
  return token;
}

std::optional<UnsubscribeToken> Tokens::unsubscribe(std::string_view text) const {
  Reader reader(text, Kind::unsubscribe, 48, unsubscribe_);
  if (!reader.good()) return std::nullopt;
  UnsubscribeToken token;
  token.tenant = TenantId(reader.uuid());
  token.message = MessageId(reader.uuid());
  token.contact = ContactId(reader.uuid());
  return token;
}

std::optional<PreferencesToken> Tokens::preferences(std::string_view text) const {
  Reader reader(text, Kind::preferences, 48, unsubscribe_);
  if (!reader.good()) return std::nullopt;
  PreferencesToken token;
  token.tenant = TenantId(reader.uuid());
  token.message = MessageId(reader.uuid());
  token.contact = ContactId(reader.uuid());
  return token;
}

std::optional<ConfirmToken> Tokens::confirm(std::string_view text) const {
  Reader reader(text, Kind::confirm, 48, unsubscribe_);
  if (!reader.good()) return std::nullopt;
  ConfirmToken token;
  token.tenant = TenantId(reader.uuid());
  token.contact = ContactId(reader.uuid());
  token.consent = reader.uuid();
  return token;
}

std::string Tokens::encode(ViewToken const& token) const {
  Writer writer(Kind::view);
  writer.put(token.tenant.uuid());
  writer.put(token.message.uuid());
  return writer.finish(links_);
}

std::string Tokens::encode(SenderToken const& token) const {
  Writer writer(Kind::sender);
  writer.put(token.tenant.uuid());
  writer.put(token.sender.uuid());
  writer.put(token.address);
  return writer.finish(unsubscribe_);
}

std::optional<ViewToken> Tokens::view(std::string_view text) const {
  Reader reader(text, Kind::view, 32, links_);
  if (!reader.good()) return std::nullopt;
  ViewToken token;
  token.tenant = TenantId(reader.uuid());
  token.message = MessageId(reader.uuid());
  return token;
}

std::optional<SenderToken> Tokens::sender(std::string_view text) const {
  Reader reader(text, Kind::sender, 48, unsubscribe_);
  if (!reader.good()) return std::nullopt;
  SenderToken token;
  token.tenant = TenantId(reader.uuid());
  token.sender = SenderId(reader.uuid());
  token.address = reader.uuid();
  return token;
}

std::string Tokens::bounce_local_part(MessageId message) const {
  auto const id = message.uuid();
  std::string bytes(1, static_cast<char>(Kind::bounce));
  bytes.append(reinterpret_cast<char const*>(id.bytes.data()), id.bytes.size());
  auto const mac = links_.sign(bytes);
  bytes.append(mac.data(), kBounceMacBytes);
  return std::string(kBouncePrefix) + base32(std::string_view(bytes).substr(1));
}

std::optional<MessageId> Tokens::bounced_message(std::string_view local_part) const {
  if (local_part.size() != 44 || (local_part[0] != 'b' && local_part[0] != 'B') || local_part[1] != '+') return std::nullopt;
  auto const decoded = from_base32(local_part.substr(2));
  if (!decoded || decoded->size() != 16 + kBounceMacBytes) return std::nullopt;
  auto const bytes = std::string(1, static_cast<char>(Kind::bounce)) + decoded->substr(0, 16);
  if (!links_.verify(bytes, std::string_view(*decoded).substr(16))) return std::nullopt;
  Uuid id;
  std::memcpy(id.bytes.data(), decoded->data(), id.bytes.size());
  return MessageId(id);
}

}  // namespace postrider::crypto
