// Two sessions that speak to each other, and one that hears what no honest peer says.
#include "http2/session.h"

#include <gtest/gtest.h>

#include "pair.h"

namespace botbottle::http2 {
namespace {

using namespace testing;

constexpr unsigned char kData = 0, kHeaders = 1, kPriority = 2, kReset = 3, kSettings = 4,
                        kPing = 6, kGoAway = 7, kWindowUpdate = 8, kContinuation = 9;
constexpr unsigned char kEndHeaders = 4;
constexpr int kEnhanceYourCalm = 11;

std::vector<Header> post() {
    std::vector<Header> head = get();
    head[0].value = "POST";
    return head;
}

const std::vector<Header> kOk = {{":status", "200"}, {"x", "y"}};

TEST(Http2Session, ARequestAndItsAnswer) {
    for (const std::size_t piece : {std::string::npos, std::size_t{1}, std::size_t{7}}) {
        Pair pair;
        const StreamPtr asked = pair.client.open(post(), true, false);
        asked->write("what ");
        pair.pump(piece);
        const StreamPtr served = pair.server.take_request();
        ASSERT_TRUE(served);
        EXPECT_EQ(taken(*served), "what more");
        asked->write("is it");
        asked->finish({{"X-Sum", "1"}});
        pair.pump(piece);
        EXPECT_EQ(taken(*served), "is itx-sum: 1\nend");
        pair.server.inform(*served, {{":status", "103"}});
        pair.server.answer(*served, kOk, true);
        served->write("this");
        pair.pump(piece);
        EXPECT_EQ(taken(*asked), "103\n200\nthismore");
        served->finish({{"grpc-status", "0"}});
        pair.pump(piece);
        EXPECT_EQ(taken(*asked), "grpc-status: 0\nend");
        EXPECT_EQ(pair.client.open_streams() + pair.server.open_streams(), 0u);
        EXPECT_TRUE(pair.server.take_violations().empty());
    }
}

TEST(Http2Session, WhatAReaderDoesNotTakeIsNotSent) {
    SessionLimits limits;
    limits.stream_window = 100'000;
    Pair pair(limits);
    const StreamPtr asked = pair.client.open(post(), true, false);
    asked->write(std::string(1'000'000, 'x'));
    pair.pump();
    const StreamPtr served = pair.server.take_request();
    EXPECT_EQ(asked->pending(), 900'000u);
    std::size_t got = 0;
    // Handed out, not released: only one piece.
    for (http::Event event = served->next(); event.kind == http::EventKind::kBody;
         event = served->next())
        got += event.data.size();
    EXPECT_EQ(got, Stream::kPiece);
    pair.pump();
    EXPECT_EQ(asked->pending(), 900'000u);
    served->release();
    pair.pump();
    EXPECT_EQ(asked->pending(), 900'000u - Stream::kPiece);
}

TEST(Http2Session, OneThatIsNotReadDoesNotStopTheOthers) {
    Pair pair;
    const StreamPtr first = pair.client.open(get("/first"), false, false);
    const StreamPtr second = pair.client.open(get("/second"), false, false);
    pair.pump();
    for (StreamPtr stream; (stream = pair.server.take_request());) {
        pair.server.answer(*stream, kOk, true);
        stream->write(std::string(10 << 20, 'x'));
        stream->finish({});
    }
    std::size_t got = 0;
    for (int turns = 0; turns < 10'000 && !(second->next().kind == http::EventKind::kEnd);
         ++turns) {
        second->release();
        pair.pump();
        ++got;
    }
    EXPECT_LT(got, 9'999u);
    EXPECT_EQ(second->next().kind, http::EventKind::kEnd);
    EXPECT_NE(first->next().kind, http::EventKind::kEnd);
}

TEST(Http2Session, ABodyOfAnotherLengthIsReset) {
    for (const std::string_view body : {"12", "1234"}) {
        Pair pair;
        std::vector<Header> head = post();
        head.push_back({"content-length", "3"});
        const StreamPtr served = pair.ask(head, true);
        pair.asked->write(body);
        pair.asked->finish({});
        pair.pump();
        EXPECT_TRUE(taken(*served).ends_with("error")) << body;
        EXPECT_TRUE(pair.asked->failed());
    }
}

TEST(Http2Session, AResponseOfAnotherLengthIsReset) {
    for (const std::string_view body : {"12", "1234"}) {
        Pair pair;
        const StreamPtr served = pair.ask(get());
        pair.server.answer(*served, {{":status", "200"}, {"content-length", "3"}}, true);
        served->write(body);
        served->finish({});
        pair.pump();
        EXPECT_TRUE(taken(*pair.asked).ends_with("error")) << body;
    }
}

TEST(Http2Session, ARefusedStreamMayBeSentAgain) {
    Pair pair;
    const StreamPtr served = pair.ask(get());
    served->reset(kRefusedStream);
    pair.pump();
    EXPECT_TRUE(pair.asked->was_refused());
    const StreamPtr other = pair.ask(get());
    other->reset(kCancel);
    pair.pump();
    EXPECT_TRUE(pair.asked->failed());
    EXPECT_FALSE(pair.asked->was_refused());
}

TEST(Http2Session, AnAnswerBeforeTheUploadEndsIsWhole) {
    Pair pair;
    const StreamPtr served = pair.ask(post(), true);
    pair.asked->write("begun");
    pair.pump();
    pair.server.answer(*served, kOk, true);
    served->write("enough");
    served->finish({});
    served->detach();
    pair.pump();
    EXPECT_EQ(taken(*pair.asked), "200\nenoughend");
    EXPECT_EQ(pair.server.open_streams(), 0u);
}

TEST(Http2Session, AfterGoAwayTheOldStreamsGoOn) {
    Pair pair;
    const StreamPtr served = pair.ask(get());
    pair.server.go_away();
    pair.pump();
    EXPECT_FALSE(pair.client.can_open());
    EXPECT_FALSE(pair.client.open(get(), false, false));
    pair.server.answer(*served, kOk, true);
    served->write("still here");
    served->finish({});
    pair.pump();
    EXPECT_EQ(taken(*pair.asked), "200\nstill hereend");
    EXPECT_TRUE(pair.client.is_over());
}

TEST(Http2Session, TheEndOfTheConnectionIsNotTheEndOfAMessage) {
    Pair pair;
    const StreamPtr served = pair.ask(get());
    pair.server.answer(*served, kOk, true);
    served->write("half");
    pair.pump();
    pair.client.fail_all();
    EXPECT_EQ(taken(*pair.asked), "200\nhalferror");
    EXPECT_FALSE(pair.client.can_open());
    served->reset(kCancel);
    pair.asked->reset(kCancel);  // no session any more: nothing to send it on
}

TEST(Http2Session, AStreamOutlivesItsSession) {
    StreamPtr asked;
    {
        Pair pair;
        pair.ask(get());
        asked = pair.asked;
    }
    asked->write("x");
    asked->finish({});
    asked->release();
    EXPECT_EQ(taken(*asked), "error");
    asked->detach();
}

TEST(Http2Session, AFullSinkIsNotWrittenTo) {
    Pair pair;
    const StreamPtr asked = pair.client.open(post(), true, false);
    asked->write(std::string(60'000, 'x'));
    Wire wire;
    wire.room = 20'000;
    pair.client.send(wire, pair.now);
    EXPECT_GE(wire.bytes.size(), wire.room);
    EXPECT_LT(wire.bytes.size(), wire.room + 17'000);
    EXPECT_TRUE(pair.client.wants_to_send());
}

TEST(Http2Session, TenInformationalAnswersAreEnough) {
    Pair pair;
    const StreamPtr served = pair.ask(get());
    for (int i = 0; i < 11; ++i)
        pair.server.inform(*served, {{":status", "103"}});
    pair.pump();
    EXPECT_TRUE(pair.asked->failed());
}

TEST(Http2Session, AnOriginPushesNothing) {
    Session client(Side::kClient);
    Wire wire;
    client.send(wire, {});
    const StreamPtr asked = client.open(get(), false, false);
    client.send(wire, {});
    // PUSH_PROMISE for stream 2 on stream 1, with an indexed field.
    client.receive(frame(kSettings, 0, 0) + frame(kSettings, 1, 0) +
                       frame(5, kEndHeaders, 1, std::string("\0\0\0\2\x82", 5)),
                   {});
    client.send(wire, {});
    EXPECT_TRUE(client.is_over());
}

// One session that hears these bytes after the preface, again and again.
struct Flood {
    Session server{Side::kServer};
    Wire wire;
    bool alive = true;

    explicit Flood(const std::string& first = {}) {
        hear(kPreface + frame(kSettings, 0, 0) + first);
    }
    void hear(const std::string& bytes) {
        alive = alive && server.receive(bytes, {});
        server.send(wire, {});
    }
    int repeat(const std::string& bytes, int times) {
        int heard = 0;
        for (; alive && heard < times; ++heard)
            hear(bytes);
        return heard;
    }
};

const std::string kOpening = "\x82\x87\x84\x41\x01\x61";  // GET, https, /, :authority a

TEST(Http2Flood, EndsTheConnection) {
    const std::string open = frame(kHeaders, kEndHeaders, 1, kOpening);
    const struct {
        const char* what;
        std::string first;
        std::string again;
    } rows[] = {
        {"ping", {}, frame(kPing, 0, 0, "12345678")},
        {"settings", {}, frame(kSettings, 0, 0)},
        {"priority", {}, frame(kPriority, 0, 1, std::string("\0\0\0\0\x10", 5))},
        {"empty data", open, frame(kData, 0, 1)},
        {"small windows", {}, frame(kWindowUpdate, 0, 0, std::string("\0\0\0\1", 4))},
    };
    for (const auto& row : rows) {
        Flood flood(row.first);
        const int heard = flood.repeat(row.again, 5000);
        EXPECT_LE(heard, static_cast<int>(FloodGuard::kBurst) + 1) << row.what;
        EXPECT_GT(heard, static_cast<int>(FloodGuard::kBurst) / 2) << row.what;
        EXPECT_EQ(error_code_of(flood.wire.bytes, kGoAway), kEnhanceYourCalm) << row.what;
        const auto violations = flood.server.take_violations();
        ASSERT_FALSE(violations.empty()) << row.what;
        EXPECT_EQ(violations.back().rule, "http2_flood") << row.what;
    }
}

TEST(Http2Flood, RapidReset) {
    Flood flood;
    int opened = 0;
    for (std::uint32_t id = 1; flood.alive && opened < 5000; id += 2, ++opened) {
        flood.hear(frame(kHeaders, kEndHeaders | 1, id, kOpening) +
                   frame(kReset, 0, id, std::string("\0\0\0\x08", 4)));
        while (const StreamPtr stream = flood.server.take_request())
            stream->detach();
    }
    EXPECT_LE(opened, static_cast<int>(FloodGuard::kBurst) + 1);
    EXPECT_LE(flood.server.open_streams(), 200u);
}

// CVE-2025-8671: the peer makes us reset, which costs it no frame of that kind.
TEST(Http2Flood, MadeYouReset) {
    Flood flood;
    int opened = 0;
    for (std::uint32_t id = 1; flood.alive && opened < 5000; id += 2, ++opened) {
        flood.hear(frame(kHeaders, kEndHeaders, id, kOpening) +
                   frame(kWindowUpdate, 0, id, std::string("\0\0\0\0", 4)));
        while (const StreamPtr stream = flood.server.take_request())
            stream->detach();
    }
    EXPECT_LE(opened, static_cast<int>(FloodGuard::kBurst) + 1);
}

TEST(Http2Flood, AHeaderBlockThatDoesNotEnd) {
    Flood flood(frame(kHeaders, 0, 1, kOpening));
    const std::string fields = [] {
        std::string block;
        for (int i = 0; i < 1000; ++i)
            block += std::string("\0\1x\1y", 5);
        return block;
    }();
    EXPECT_NE(flood.server.block_since(), Clock::time_point::max());
    EXPECT_LT(flood.repeat(frame(kContinuation, 0, 1, fields), 100), 12);
}

TEST(Http2Flood, MoreStreamsThanWereOffered) {
    SessionLimits limits;
    limits.streams = 4;
    Session server(Side::kServer, limits);
    Wire wire;
    server.receive(kPreface + frame(kSettings, 0, 0), {});
    server.send(wire, {});
    server.receive(frame(kSettings, 1, 0), {});
    std::vector<StreamPtr> kept;
    for (std::uint32_t id = 1; id < 100; id += 2)
        server.receive(frame(kHeaders, kEndHeaders | 1, id, kOpening), {});
    while (StreamPtr stream = server.take_request())
        kept.push_back(std::move(stream));
    EXPECT_EQ(kept.size(), 4u);
}

TEST(Http2Session, GarbageEndsIt) {
    const std::string cases[] = {
        "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
        kPreface + frame(kData, 0, 1, "x"),
        kPreface + frame(kSettings, 0, 0) + frame(kData, 0, 1, "x"),
        kPreface + frame(kSettings, 0, 0) + frame(kHeaders, kEndHeaders, 2, kOpening),
        kPreface + frame(kSettings, 0, 0) + frame(kHeaders, kEndHeaders, 1, "\xff\xff\xff\xff\xff"),
        kPreface + frame(kSettings, 0, 0) + frame(kHeaders, 0, 1, kOpening) +
            frame(kPing, 0, 0, "12345678"),
        kPreface + frame(kSettings, 0, 0) + frame(kContinuation, kEndHeaders, 1, kOpening),
        kPreface + frame(kSettings, 0, 0, "12345"),
        kPreface + frame(kSettings, 0, 0) + frame(kPing, 0, 0, "short"),
        kPreface + frame(kSettings, 0, 0) + frame(kData, 0, 0, "x"),
        kPreface + frame(kSettings, 0, 0) + std::string("\xff\xff\xff\0\0\0\0\0\1", 9),
    };
    for (const std::string& bytes : cases) {
        Session server(Side::kServer);
        server.receive(bytes, {});
        Wire wire;
        server.send(wire, {});
        EXPECT_TRUE(server.is_over()) << frames(bytes).size() << " " << bytes.size();
        EXPECT_FALSE(server.take_request());
    }
}

}  // namespace
}  // namespace botbottle::http2
