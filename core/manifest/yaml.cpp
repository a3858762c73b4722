#include "manifest/yaml.h"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <QRegularExpression>
#include <algorithm>
#include <sstream>
#include <unordered_set>

#include "manifest/text.h"

namespace botbottle::yaml {
namespace {

constexpr std::size_t kMaxDepth = 32;

// Leaves yaml-cpp's parser in the middle of a document; caught in parse().
struct Refused {
    int line;
    QString message;
};

Value::Kind plain_kind(const std::string& text) {
    static const std::unordered_set<std::string> kBooleans = {"true",  "True",  "TRUE",
                                                              "false", "False", "FALSE"};
    static const QRegularExpression kInteger(QStringLiteral("^[-+]?(0|[1-9][0-9]*)$"));
    static const QRegularExpression kReal(
        QStringLiteral("^[-+]?((\\.[0-9]+|(0|[1-9][0-9]*)(\\.[0-9]*)?)([eE][-+]?[0-9]+)?"
                       "|\\.(inf|Inf|INF))$|^\\.(nan|NaN|NAN)$"));
    if (kBooleans.count(text) != 0) return Value::Kind::Bool;
    // Most scalars are words: spare them the expressions.
    if (text.empty() || std::string("+-.0123456789").find(text[0]) == std::string::npos) {
        return Value::Kind::String;
    }
    const QString wide = QString::fromStdString(text);
    if (kInteger.match(wide).hasMatch()) return Value::Kind::Integer;
    if (kReal.match(wide).hasMatch()) return Value::Kind::Float;
    return Value::Kind::String;
}

class TreeBuilder final : public YAML::EventHandler {
  public:
    explicit TreeBuilder(int first_line) : first_line_(first_line) { root_.line = first_line; }

    int line(const YAML::Mark& mark) const { return mark.line + first_line_; }
    Value take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (documents_++ > 0) {
            throw Refused{line(mark), QStringLiteral("a second YAML document begins here; a file "
                                                     "holds one")};
        }
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse_anchor(mark, anchor);
        scalar(mark, Value::Kind::Null, {});
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        throw Refused{line(mark),
                      QStringLiteral("aliases (\"*name\") are not allowed: write the value out")};
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_anchor(mark, anchor);
        if (tag == "?") {
            scalar(mark, plain_kind(value), value);
        } else if (tag == "!") {  // quoted, or a block scalar
            scalar(mark, Value::Kind::String, value);
        } else {
            refuse_tag(mark, tag);
        }
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, Value::Kind::Sequence);
    }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, Value::Kind::Mapping);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override { close(); }

  private:
    // A collection that is being read. Its node moves into its parent only when it is whole, so no
    // pointer into a growing vector is held.
    struct Frame {
        Value node;
        std::optional<Member> pending;         // a key that waits for its value
        std::unordered_set<std::string> keys;  // of a mapping
    };

    void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) const {
        if (anchor == 0) return;
        throw Refused{line(mark), QStringLiteral("anchors (\"&name\") are not allowed: write the "
                                                 "value out where it is used")};
    }

    [[noreturn]] void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
        throw Refused{line(mark), QStringLiteral("the tag %1 is not allowed: leave it out, and "
                                                 "quote the value if it is a string")
                                      .arg(quoted(QString::fromStdString(tag)))};
    }

    bool expects_key() const {
        return !frames_.empty() && frames_.back().node.kind == Value::Kind::Mapping &&
               !frames_.back().pending;
    }

    void scalar(const YAML::Mark& mark, Value::Kind kind, const std::string& text) {
        if (expects_key()) {
            key(mark, kind, text);
            return;
        }
        Value node;
        node.kind = kind;
        node.line = line(mark);
        node.text = QString::fromStdString(text);
        add(std::move(node));
    }

    void key(const YAML::Mark& mark, Value::Kind kind, const std::string& text) {
        if (kind == Value::Kind::Null) throw Refused{line(mark), QStringLiteral("a key is empty")};
        Frame& frame = frames_.back();
        Member member;
        member.key = QString::fromStdString(text);
        member.line = line(mark);
        if (!frame.keys.insert(text).second) {
            const auto first =
                std::find_if(frame.node.members.begin(), frame.node.members.end(),
                             [&](const Member& other) { return other.key == member.key; });
            throw Refused{member.line, QStringLiteral("the key %1 stands twice; the first is in "
                                                      "line %2")
                                           .arg(quoted(member.key))
                                           .arg(first->line)};
        }
        frame.pending = std::move(member);
    }

    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
              Value::Kind kind) {
        refuse_anchor(mark, anchor);
        if (tag != "?" && !tag.empty()) refuse_tag(mark, tag);
        if (expects_key()) {
            throw Refused{line(mark), QStringLiteral("a key must be a word, not a collection")};
        }
        if (frames_.size() >= kMaxDepth) {
            throw Refused{line(mark),
                          QStringLiteral("nested more than %1 levels deep").arg(kMaxDepth)};
        }
        Frame frame;
        frame.node.kind = kind;
        frame.node.line = line(mark);
        frames_.push_back(std::move(frame));
    }

    void close() {
        Value node = std::move(frames_.back().node);
        frames_.pop_back();
        add(std::move(node));
    }

    void add(Value node) {
        if (frames_.empty()) {
            root_ = std::move(node);
            return;
        }
        Frame& frame = frames_.back();
        if (frame.node.kind == Value::Kind::Sequence) {
            frame.node.items.push_back(std::move(node));
            return;
        }
        // yaml-cpp places an absent value where the next thing begins.
        if (node.kind == Value::Kind::Null) node.line = frame.pending->line;
        frame.pending->value = std::move(node);
        frame.node.members.push_back(std::move(*frame.pending));
        frame.pending.reset();
    }

    int first_line_;
    int documents_ = 0;
    Value root_;
    std::vector<Frame> frames_;
};

}  // namespace

const Value* Value::find(const QString& key) const {
    for (const Member& member : members) {
        if (member.key == key) return &member.value;
    }
    return nullptr;
}

std::optional<Value> parse(const std::string& text, int first_line, Problems& problems) {
    TreeBuilder builder(first_line);
    try {
        std::istringstream stream(text);
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
        return builder.take();
    } catch (const Refused& refused) {
        problems.add(refused.line, {}, refused.message);
    } catch (const YAML::Exception& error) {
        problems.add(builder.line(error.mark), {},
                     QStringLiteral("not valid YAML: %1")
                         .arg(visible(QString::fromStdString(error.msg))));  // it quotes the file
    }
    return std::nullopt;
}

QString describe(const Value& node) {
    switch (node.kind) {
        case Value::Kind::Null:
            return QStringLiteral("nothing");
        case Value::Kind::Bool:
            return QStringLiteral("the boolean %1").arg(node.text);
        case Value::Kind::Integer:
        case Value::Kind::Float:
            return QStringLiteral("the number %1").arg(node.text.left(40));
        case Value::Kind::String:
            return QStringLiteral("the string %1").arg(quoted(node.text));
        case Value::Kind::Sequence:
            return QStringLiteral("a list");
        case Value::Kind::Mapping:
            return QStringLiteral("a mapping");
    }
    return {};
}

}  // namespace botbottle::yaml
