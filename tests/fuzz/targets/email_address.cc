// E-mail addresses: as a contact's key, and as they go onto the wire.
#include "delivery/providers/mail_address.h"
#include "fuzz/target.h"
#include "postrider/contacts/email_address.h"

namespace postrider::fuzz {

void feed(std::string_view bytes) {
  if (auto const address = contacts::parse_email(bytes)) {
    auto const again = contacts::parse_email(address->key);
    require(again.has_value() && again->key == address->key, "the key of a key is the key");
    require(address->original.find_first_of(std::string_view("\0\r\n<>, ", 7)) == std::string::npos, "an address is one word");
  }
  if (auto const address = delivery::parse_mail_address(bytes)) {
    auto const text = address->str();
    for (unsigned char const c : text) require(c >= 0x20 && c != 0x7f, "nothing breaks out of a command");
    require(address->domain.find_first_of("<>\"@ ") == std::string::npos, "nothing breaks out of the domain");
    for (unsigned char const c : address->domain) require(c < 0x80, "a domain on the wire is ASCII");
    auto const again = delivery::parse_mail_address(text);
    require(again.has_value() && again->str() == text, "an address on the wire is read the same");
  }
  contacts::is_phone(bytes);
  contacts::is_time_zone(bytes);
}

std::vector<Pattern> patterns() {
  return {{"", "a", "@b.example"}, {"a@", "b.", "example"}, {"\"", "\\\"", "\"@b.example"}, {"a@", "\xc3\xa9.", "example"}, {"", "@", ""}, {"", " ", "a@b.example"}, {"", "a.", "a@b.example"}};
}

}  // namespace postrider::fuzz
