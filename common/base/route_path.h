// RoutePath: an absolute URL path in its one canonical form, and the prefix match on segment
// borders.
//
// Policy decides on the canonical form and the canonical form is what is sent, so that the origin
// cannot read another path than the one that was judged. Two questions are kept apart:
//  - can it be sent at all? `canonicalize` refuses malformed escapes and bytes that no path may
//  hold;
//  - do all origins read it the same way? `ambiguity` names what they differ in (an encoded slash,
//  a
//    dot segment, `//`, `..;x`, a double encoding). A route that allows only some paths refuses
//    such a path: Envoy CVE-2019-9901, CVE-2021-29492, Tomcat's `..;/`. A route for a whole host
//    does not care, and real APIs need some of them (`/projects/group%2Fname`).
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace botbottle {

class RoutePath {
  public:
    // `raw` is the path alone, without query. RFC 3986 6.2.2: unreserved escapes decoded, the
    // others in upper case, dot segments removed after decoding.
    static Result<RoutePath> canonicalize(std::string_view raw);

    // For what a person writes as a prefix: refuses whatever is ambiguous or not canonical already.
    static Result<RoutePath> parse_prefix(std::string_view text);

    const std::string& text() const noexcept { return text_; }

    // Why origins may read the raw path differently, as a phrase for people; empty when they may
    // not.
    std::string_view ambiguity() const noexcept { return ambiguity_; }

    // `/repos/me` covers `/repos/me` and `/repos/me/x`, not `/repos/me-evil`; `/repos/` covers all
    // below it and not `/repos`. Case-sensitive. Meaningful only without ambiguity.
    bool is_under(const RoutePath& prefix) const noexcept;

    bool operator==(const RoutePath& other) const noexcept { return text_ == other.text_; }

  private:
    RoutePath() = default;
    std::string text_;
    std::string_view ambiguity_;  // static
};

}  // namespace botbottle
