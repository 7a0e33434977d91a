#include "sendgrid_message.h"

#include "mail_address.h"
#include "mime.h"
#include "mime_encoding.h"
#include "smtp_reply.h"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <charconv>

namespace postrider::delivery {
namespace {

void append_json_text(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string mended;
  if (!is_valid_utf8(text)) text = mended = mend_utf8(text);
  out += '"';
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto const c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, begin, i - begin);
    begin = i + 1;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        out += "\\u00";
        out += kHex[c >> 4];
        out += kHex[c & 15];
    }
  }
  out.append(text, begin, text.size() - begin);
  out += '"';
}

void append_pair(std::string& out, std::string_view name, std::string_view value, bool first = false) {
  if (!first) out += ',';
  append_json_text(out, name);
  out += ':';
  append_json_text(out, value);
}

// {"email": ..., "name": ...}; SendGrid takes neither ";" nor "," in the names of recipients.
Result<> append_address(std::string& out, std::string_view part, Address const& address, std::string_view email) {
  auto const parsed = parse_mail_address(email);
  if (!parsed || parsed->needs_smtputf8) {
    auto const why = parsed ? std::string("SendGrid takes ASCII only before the @") : parsed.error().message;
    return invalid_field("/letter/" + std::string(part) + "/email", "malformed", std::string(part) + ": " + why);
  }
  out += '{';
  append_pair(out, "email", parsed->str(), true);
  auto name = one_line(address.name);
  if (part == "to") {
    std::replace(name.begin(), name.end(), ';', ' ');
    std::replace(name.begin(), name.end(), ',', ' ');
  }
  if (!name.empty()) append_pair(out, "name", name);
  out += '}';
  return {};
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// "errors": [{"message", "field"}] as one line of text.
std::string error_text(std::string_view body) {
  boost::system::error_code error;
  auto const parsed = boost::json::parse(boost::json::string_view(body.data(), std::min<std::size_t>(body.size(), 65536)), error);
  std::string text;
  if (!error && parsed.is_object()) {
    if (auto const* const errors = parsed.as_object().if_contains("errors"); errors != nullptr && errors->is_array()) {
      for (auto const& entry : errors->get_array()) {
        if (!entry.is_object()) continue;
        auto const* const message = entry.get_object().if_contains("message");
        auto const* const field = entry.get_object().if_contains("field");
        if (message == nullptr || !message->is_string()) continue;
        if (!text.empty()) text += "; ";
        text += std::string_view(message->get_string().data(), message->get_string().size());
        if (field != nullptr && field->is_string() && field->get_string() != "null") text += " (" + std::string(field->get_string()) + ")";
      }
    }
  }
  return bounded_reply(text.empty() ? body : std::string_view(text));
}

std::optional<Duration> wait_of(HttpAnswer const& answer, Instant now) {
  if (auto const seconds = number(answer.field("retry-after"))) return std::chrono::seconds(std::min<std::int64_t>(*seconds, 3600));
  if (auto const reset = number(answer.field("x-ratelimit-reset"))) {
    auto const left = std::chrono::seconds(*reset) - now.time_since_epoch();
    return std::clamp<Duration>(std::chrono::duration_cast<Duration>(left), std::chrono::seconds(1), std::chrono::hours(1));
  }
  return std::nullopt;
}

}  // namespace

Result<std::string> sendgrid_body(Envelope const& envelope) {
  auto const& letter = envelope.letter;
  if (letter.html.empty() && letter.text.empty()) return invalid_field("/letter/html", "required", "the message has neither HTML nor text");
  auto const headers = further_headers(envelope);
  if (!headers) return headers.error();
  std::string out;
  out.reserve(2048 + (letter.html.size() + letter.text.size()) * 9 / 8);
  out += R"({"personalizations":[{"to":[)";
  auto const& recipient = envelope.rcpt_to.empty() ? letter.to.email : envelope.rcpt_to;
  if (auto done = append_address(out, "to", letter.to, recipient); !done) return done.error();
  out += R"(],"custom_args":{)";
  append_pair(out, "pr_message_id", envelope.id.str(), true);
  append_pair(out, "pr_tenant_id", envelope.tenant.str());
  if (!envelope.campaign.is_nil()) append_pair(out, "pr_campaign_id", envelope.campaign.str());
  out += R"(}}],"from":)";
  if (auto done = append_address(out, "from", letter.from, letter.from.email); !done) return done.error();
  if (letter.reply_to) {
    out += R"(,"reply_to":)";
    if (auto done = append_address(out, "reply_to", *letter.reply_to, letter.reply_to->email); !done) return done.error();
  }
  auto const subject = one_line(letter.subject);
  append_pair(out, "subject", subject.empty() ? " " : subject);  // it must not be empty
  out += R"(,"content":[)";
  if (!letter.text.empty()) {
    out += R"({"type":"text/plain","value":)";
    append_json_text(out, letter.text);
    out += letter.html.empty() ? "}" : "},";
  }
  if (!letter.html.empty()) {
    out += R"({"type":"text/html","value":)";
    append_json_text(out, letter.html);
    out += '}';
  }
  out += R"(],"headers":{)";
  auto const domain = parse_mail_address(letter.from.email)->domain;
  append_pair(out, "Message-ID", message_id_header(envelope, domain), true);
  if (!letter.in_reply_to.empty()) {
    append_pair(out, "In-Reply-To", letter.in_reply_to);
    append_pair(out, "References", letter.in_reply_to);
  }
  for (auto const& header : *headers) append_pair(out, header.name, header.value);
  // Links and pixels are our own; the vendor's would be a second set.
  out += R"(},"tracking_settings":{"click_tracking":{"enable":false,"enable_text":false},"open_tracking":{"enable":false},)"
         R"("subscription_tracking":{"enable":false},"ganalytics":{"enable":false}}})";
  return out;
}

Outcome judge_sendgrid(HttpAnswer const& answer, Instant now) {
  Outcome outcome;
  using End = HttpAnswer::End;
  if (answer.end != End::answered) {
    outcome.kind = answer.end == End::not_sent ? OutcomeKind::temporary : answer.end == End::refused ? OutcomeKind::configuration : OutcomeKind::uncertain;
    outcome.provider_fault = true;
    outcome.reply = bounded_reply(answer.trouble);
    return outcome;
  }
  outcome.code = answer.status;
  if (answer.status >= 200 && answer.status < 300) {
    outcome.kind = OutcomeKind::accepted;
    outcome.provider_message_id = bounded_reply(answer.field("x-message-id")).substr(0, 200);
    return outcome;
  }
  outcome.reply = error_text(answer.body);
  if (answer.status == 429) {
    outcome.kind = OutcomeKind::temporary;
    outcome.retry_after = wait_of(answer, now).value_or(std::chrono::seconds(1));
  } else if (answer.status == 503 && !answer.field("retry-after").empty()) {
    outcome.kind = OutcomeKind::temporary;
    outcome.provider_fault = true;
    outcome.retry_after = wait_of(answer, now).value_or(std::chrono::seconds(30));
  } else if (answer.status >= 500) {
    outcome.kind = OutcomeKind::uncertain;
    outcome.provider_fault = true;
  } else if (answer.status == 401 || answer.status == 403 || answer.status == 404 || answer.status == 405 || answer.status < 400) {
    outcome.kind = OutcomeKind::configuration;  // key, rights or base_url
    outcome.provider_fault = true;
  } else if (answer.status == 408) {
    outcome.kind = OutcomeKind::temporary;
    outcome.provider_fault = true;
  } else {
    outcome.kind = OutcomeKind::permanent;
    if (answer.status == 413) outcome.bounce = BounceClass::content;
  }
  return outcome;
}

}  // namespace postrider::delivery
