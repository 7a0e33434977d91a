#include "mime.h"

#include "postrider/delivery/dkim.h"
#include "mail_address.h"
#include "mime_encoding.h"

#include <algorithm>
#include <array>

namespace postrider::delivery {
namespace {

constexpr std::size_t kLongestLine = 998;

// Made by us, or by whoever relays the mail: nobody may bring their own.
constexpr std::array<std::string_view, 26> kReserved = {
    "date",        "from",         "sender",         "to",          "cc",
    "bcc",         "reply-to",     "subject",        "message-id",  "in-reply-to",
    "references",  "return-path",  "received",       "mime-version", "content-type",
    "content-transfer-encoding",   "content-disposition", "dkim-signature", "list-unsubscribe", "list-unsubscribe-post",
    "list-id",     "feedback-id",  "auto-submitted", "x-postrider-message", "delivered-to", "resent-from"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= 70 && std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7F && c != ':'; });
}

bool has_controls(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

// Structured values go out as they are, so they must be plain ASCII of one line already.
bool is_structured(std::string_view text) {
  return text.size() <= 900 && std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c < 0x7F; });
}

bool is_web_address(std::string_view url) {
  return (url.starts_with("https://") || url.starts_with("http://")) && url.size() <= 800 &&
         std::all_of(url.begin(), url.end(), [](unsigned char c) { return c > 0x20 && c < 0x7F && c != '<' && c != '>' && c != '"'; });
}

Error refused(std::string_view part, std::string message) { return invalid_field("/letter/" + std::string(part), "malformed", std::move(message)); }

Result<MailAddress> address_of(std::string_view part, std::string_view text) {
  auto address = parse_mail_address(text);
  if (!address) return refused(part, std::string(part) + ": " + address.error().message);
  return address;
}

void append_plain_header(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

void append_part(std::string& out, std::string_view type, std::string_view body) {
  out += "Content-Type: ";
  out += type;
  out += "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n";
  if (is_valid_utf8(body)) {
    append_quoted_printable(out, body);
  } else {
    append_quoted_printable(out, mend_utf8(body));
  }
}

}  // namespace

std::string mail_date(Instant instant) {
  static constexpr char const* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr char const* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  auto const day = std::chrono::floor<std::chrono::days>(instant);
  std::chrono::year_month_day const date(day);
  std::chrono::hh_mm_ss const time(std::chrono::floor<std::chrono::seconds>(instant - day));
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d +0000", kDays[std::chrono::weekday(day).c_encoding()],
                static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  return text;
}

std::string message_id_header(Envelope const& envelope, std::string_view domain) {
  return "<" + envelope.id.str() + "@" + std::string(domain) + ">";
}

Result<std::vector<HeaderField>> further_headers(Envelope const& envelope) {
  auto const& letter = envelope.letter;
  std::vector<HeaderField> headers;
  std::string unsubscribe;
  if (!letter.unsubscribe_url.empty()) {
    if (!is_web_address(letter.unsubscribe_url)) return refused("unsubscribe_url", "the unsubscribe address is not a web address");
    unsubscribe = "<" + letter.unsubscribe_url + ">";
  }
  if (!letter.unsubscribe_address.empty()) {
    auto const address = address_of("unsubscribe_address", letter.unsubscribe_address);
    if (!address) return address.error();
    if (address->needs_smtputf8 || address->local.find_first_of("\"?&%") != std::string::npos) {
      return refused("unsubscribe_address", "the unsubscribe address must have a plain local part");
    }
    unsubscribe += (unsubscribe.empty() ? "<mailto:" : ", <mailto:") + address->str() + "?subject=unsubscribe>";
  }
  if (!unsubscribe.empty()) headers.push_back(HeaderField{"List-Unsubscribe", std::move(unsubscribe)});
  if (!letter.unsubscribe_url.empty()) headers.push_back(HeaderField{"List-Unsubscribe-Post", "List-Unsubscribe=One-Click"});
  for (auto const& [part, name, value] : {std::tuple{"list_id", "List-Id", &letter.list_id}, std::tuple{"feedback_id", "Feedback-ID", &letter.feedback_id}}) {
    if (value->empty()) continue;
    if (!is_structured(*value)) return refused(part, std::string(name) + " must be one line of plain ASCII");
    headers.push_back(HeaderField{name, *value});
  }
  if (letter.auto_submitted) headers.push_back(HeaderField{"Auto-Submitted", "auto-generated"});
  headers.push_back(HeaderField{"X-Postrider-Message", envelope.id.str()});
  for (auto const& header : letter.headers) {
    std::string lowered = header.name;
    std::transform(lowered.begin(), lowered.end(), lowered.begin(), lower);
    if (!is_token(header.name)) return refused("headers", "a header's name must be made of plain letters, digits and dashes");
    if (std::find(kReserved.begin(), kReserved.end(), lowered) != kReserved.end()) {
      return refused("headers", "the header " + header.name + " is written by postrider itself");
    }
    if (has_controls(header.value)) return refused("headers", "the header " + header.name + " contains a control character or a line break");
    headers.push_back(header);
  }
  return headers;
}

Result<BuiltMail> build_mail(Envelope const& envelope) {
  auto const& letter = envelope.letter;
  auto const from = address_of("from/email", letter.from.email);
  if (!from) return from.error();
  auto const to = address_of("to/email", letter.to.email);
  if (!to) return to.error();
  if (letter.html.empty() && letter.text.empty()) return refused("html", "the message has neither HTML nor text");
  auto const headers = further_headers(envelope);
  if (!headers) return headers.error();

  BuiltMail mail;
  mail.needs_smtputf8 = from->needs_smtputf8 || to->needs_smtputf8;
  mail.mail_from = from->str();
  mail.rcpt_to = to->str();
  if (!envelope.mail_from.empty()) {
    auto const address = address_of("mail_from", envelope.mail_from);
    if (!address) return address.error();
    mail.mail_from = address->str();
    mail.needs_smtputf8 |= address->needs_smtputf8;
  }
  if (!envelope.rcpt_to.empty() && envelope.rcpt_to != letter.to.email) {
    auto const address = address_of("rcpt_to", envelope.rcpt_to);
    if (!address) return address.error();
    mail.rcpt_to = address->str();
    mail.needs_smtputf8 |= address->needs_smtputf8;
  }

  auto& out = mail.bytes;
  out.reserve(2048 + (letter.html.size() + letter.text.size()) * 9 / 8);
  append_plain_header(out, "Date", mail_date(envelope.date));
  append_address_header(out, "From", one_line(letter.from.name), from->str());
  append_address_header(out, "To", one_line(letter.to.name), to->str());
  if (letter.reply_to) {
    auto const reply_to = address_of("reply_to/email", letter.reply_to->email);
    if (!reply_to) return reply_to.error();
    mail.needs_smtputf8 |= reply_to->needs_smtputf8;
    append_address_header(out, "Reply-To", one_line(letter.reply_to->name), reply_to->str());
  }
  append_text_header(out, "Subject", one_line(letter.subject));
  append_plain_header(out, "Message-ID", message_id_header(envelope, from->domain));
  if (!letter.in_reply_to.empty()) {
    if (!is_structured(letter.in_reply_to) || letter.in_reply_to.front() != '<' || letter.in_reply_to.back() != '>') {
      return refused("in_reply_to", "In-Reply-To must be a Message-ID in angle brackets");
    }
    append_plain_header(out, "In-Reply-To", letter.in_reply_to);
    append_plain_header(out, "References", letter.in_reply_to);
  }
  for (auto const& header : *headers) {
    // Structured values (addresses of lists) must not be folded or turned into encoded words.
    auto const structured = is_structured(header.value) && header.name.size() + 2 + header.value.size() <= kLongestLine &&
                            (header.name.starts_with("List-") || header.value.find(' ') == std::string::npos);
    if (structured && header.value.find("=?") == std::string::npos) {
      append_plain_header(out, header.name, header.value);
    } else {
      append_text_header(out, header.name, one_line(header.value));
    }
  }
  out += "MIME-Version: 1.0\r\n";

  if (letter.html.empty()) {
    append_part(out, "text/plain", letter.text);
  } else if (letter.text.empty()) {
    append_part(out, "text/html", letter.html);
  } else {
    // No quoted-printable line can hold "=_", so this boundary never occurs in a part.
    auto const boundary = "=_pr_" + envelope.id.str();
    out += "Content-Type: multipart/alternative; boundary=\"" + boundary + "\"\r\n\r\n--" + boundary + "\r\n";
    append_part(out, "text/plain", letter.text);
    out += "--" + boundary + "\r\n";
    append_part(out, "text/html", letter.html);
    out += "--" + boundary + "--\r\n";
  }
  if (envelope.dkim) out.insert(0, envelope.dkim->sign(out, envelope.date));
  return mail;
}

}  // namespace postrider::delivery
