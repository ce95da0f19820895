create table photo (
    id bigint primary key,
    title varchar(200) not null,
    price_usd decimal(10, 2) not null
);

-- Lets a query take as long as one likes.
create alias sleep for "com.photogather.was.SlowSql.sleep";
