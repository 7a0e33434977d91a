// The signed tokens in addresses that postrider puts into mail: opens, clicks, unsubscribing, preferences, confirmation,
// and the bounce address. A token says whom and what by ids only, is bound to its purpose by a 128-bit MAC, never expires,
// and has exactly one spelling. Making one takes well under a microsecond. One thread at a time.
#pragma once

#include "postrider/base/id.h"
#include "postrider/crypto/signing.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::crypto {

// /o/{token}.gif
struct OpenToken {
  TenantId tenant;
  MessageId message;
  bool operator==(OpenToken const&) const = default;
};
// /c/{token}: the target is looked up as link number `link` of the template version. A target that was written for one recipient
// travels in the token, under its MAC; nothing else in an address ever says where it leads.
struct ClickToken {
  TenantId tenant;
  MessageId message;
  TemplateVersionId template_version;
  std::uint16_t link = 0;
  std::string target = {};
  bool operator==(ClickToken const&) const = default;
};
// /u/{token}
struct UnsubscribeToken {
  TenantId tenant;
  MessageId message;
  ContactId contact;
  bool operator==(UnsubscribeToken const&) const = default;
};
// /p/{token}: `message` may be nil when the address was not taken from a message.
struct PreferencesToken {
  TenantId tenant;
  MessageId message;
  ContactId contact;
  bool operator==(PreferencesToken const&) const = default;
};
// /confirm/{token}: double opt-in. `consent` is the row of the consent that is to be confirmed.
struct ConfirmToken {
  TenantId tenant;
  ContactId contact;
  Uuid consent;
  bool operator==(ConfirmToken const&) const = default;
};

// /view/{token}: the message as a web page.
struct ViewToken {
  TenantId tenant;
  MessageId message;
  bool operator==(ViewToken const&) const = default;
};
// /verify/{token}: whoever reads it gets the sender's mail. `address` is made of the sender's address: another one needs another token.
struct SenderToken {
  TenantId tenant;
  SenderId sender;
  Uuid address;
  bool operator==(SenderToken const&) const = default;
};

class Tokens {
 public:
  explicit Tokens(Keys const& keys);

  std::string encode(OpenToken const& token) const;
  std::string encode(ClickToken const& token) const;
  std::string encode(UnsubscribeToken const& token) const;
  std::string encode(PreferencesToken const& token) const;
  std::string encode(ConfirmToken const& token) const;
  std::string encode(ViewToken const& token) const;
  std::string encode(SenderToken const& token) const;

  // Nothing when the text is not one that `encode` made for this very purpose.
  std::optional<OpenToken> open(std::string_view text) const;
  std::optional<ClickToken> click(std::string_view text) const;
  std::optional<UnsubscribeToken> unsubscribe(std::string_view text) const;
  std::optional<PreferencesToken> preferences(std::string_view text) const;
  std::optional<ConfirmToken> confirm(std::string_view text) const;
  std::optional<ViewToken> view(std::string_view text) const;
  std::optional<SenderToken> sender(std::string_view text) const;

  // The local part of a bounce address: "b+" and 42 characters of base32 (message id, 80-bit MAC). Case does not matter.
  std::string bounce_local_part(MessageId message) const;
  std::optional<MessageId> bounced_message(std::string_view local_part) const;

 private:
  Signer links_;
  Signer unsubscribe_;
};

}  // namespace postrider::crypto
