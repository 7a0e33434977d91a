#include "file.h"

#include "mime.h"
#include "smtp_reply.h"

#include "postrider/base/fail_point.h"
#include "postrider/base/offload.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

POSTRIDER_DECLARE_FAIL_POINT(fail_before_write, "file.before_write");
POSTRIDER_DECLARE_FAIL_POINT(fail_after_write, "file.after_write");

namespace postrider::delivery {
namespace {

// Empty when done, else why not. Takes its arguments along to another thread.
std::string write_file(std::filesystem::path const& path, std::string const& bytes) {
  auto const beside = path.string() + ".part";
  auto const descriptor = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (descriptor < 0) return std::strerror(errno);
  std::size_t written = 0;
  int trouble = 0;
  while (written < bytes.size() && trouble == 0) {
    auto const count = ::write(descriptor, bytes.data() + written, bytes.size() - written);
    if (count < 0 && errno != EINTR) trouble = errno;
    if (count > 0) written += static_cast<std::size_t>(count);
  }
  ::close(descriptor);
  if (trouble == 0 && ::rename(beside.c_str(), path.c_str()) != 0) trouble = errno;
  if (trouble == 0) return {};
  ::unlink(beside.c_str());
  return std::strerror(trouble);
}

// Makes the directory where it is missing; empty when it can be written to.
std::string prepare_directory(std::string const& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return error.message();
  if (::access(directory.c_str(), W_OK | X_OK) != 0) return std::strerror(errno);
  return {};
}

Outcome directory_trouble(std::string const& directory, std::string const& why) {
  Outcome outcome;
  outcome.kind = OutcomeKind::configuration;
  outcome.provider_fault = true;
  outcome.reply = bounded_reply("the directory " + directory + " cannot be written to: " + why);
  return outcome;
}

}  // namespace

Capabilities FileProvider::capabilities() const { return Capabilities{.channel = "email", .in_flight = 1, .reports_delivery = false, .dkim = true}; }

Task<std::vector<Outcome>> FileProvider::deliver(std::vector<Envelope> batch, HandOffObserver& observer) {
  std::vector<Outcome> outcomes(batch.size());
  std::function<std::string()> prepare = [directory = settings_.directory] { return prepare_directory(directory); };
  auto const trouble = co_await offload_.run(std::move(prepare));
  for (std::size_t i = 0; i < batch.size(); ++i) {
    auto const& envelope = batch[i];
    auto& outcome = outcomes[i];
    auto mail = build_mail(envelope);
    if (!trouble.empty()) {
      outcome = directory_trouble(settings_.directory, trouble);
    } else if (!mail) {
      outcome.kind = OutcomeKind::permanent;
      outcome.reply = bounded_reply(mail.error().message);
    } else if (closing_ || !observer.may_hand_off(envelope)) {
      outcome.reply = closing_ ? "the provider is being closed" : "held back at the last moment";
    } else if (!observer.phase(envelope, Phase::begun, nullptr) || !observer.phase(envelope, Phase::dot, nullptr)) {
      outcome.reply = "the hand-over could not be recorded";
    } else {
      POSTRIDER_FAIL_POINT("file.before_write");
      auto const path = std::filesystem::path(settings_.directory) / (envelope.id.str() + ".eml");
      std::function<std::string()> work = [path, bytes = std::move(mail->bytes)] { return write_file(path, bytes); };
      auto const failed = co_await offload_.run(std::move(work));
      POSTRIDER_FAIL_POINT("file.after_write");
      outcome.kind = failed.empty() ? OutcomeKind::accepted : OutcomeKind::temporary;
      outcome.provider_fault = !failed.empty();
      outcome.provider_message_id = failed.empty() ? path.filename().string() : "";
      outcome.reply = failed.empty() ? "" : bounded_reply(path.string() + " could not be written: " + failed);
      observer.phase(envelope, Phase::replied, &outcome);
    }
    observer.settled(i, outcome);
  }
  co_return outcomes;
}

Task<CheckReport> FileProvider::check() {
  std::function<std::string()> prepare = [directory = settings_.directory] { return prepare_directory(directory); };
  auto const trouble = co_await offload_.run(std::move(prepare));
  CheckItem item;
  item.name = "directory";
  item.good = trouble.empty();
  item.detail = item.good ? "mails go into " + settings_.directory : "the directory " + settings_.directory + " cannot be written to: " + trouble;
  CheckReport report;
  report.items.push_back(std::move(item));
  co_return report;
}

Task<void> FileProvider::close() {
  closing_ = true;
  co_return;
}

}  // namespace postrider::delivery
