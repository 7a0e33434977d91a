// The body of the request at hand, pulled from its session: limits, time, 100-continue and gzip are dealt with here.
#pragma once

#include "http/gzip.h"
#include "http/session.h"

namespace postrider::http {

class SessionBody : public BodyReader {
 public:
  SessionBody(Session& session, Incoming& incoming, std::uint64_t limit);

  // Nothing when the encoding is one we know.
  std::optional<Response> encoding_refused(Headers const& headers);
  Task<Result<std::string>> next() override;
  Task<Result<std::string>> whole();
  bool too_slow() const { return too_slow_; }

 private:
  Error fail(Error error);

  Session& session_;
  Incoming& incoming_;
  std::uint64_t limit_;
  std::unique_ptr<Inflater> inflater_;
  std::optional<Error> failure_;
  bool too_slow_ = false;
  Patience patience_;
};

}  // namespace postrider::http
