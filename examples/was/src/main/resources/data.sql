insert into photo (id, title, price_usd) values
    (1, 'Harbour at dawn', 12.50),
    (2, '남산의 봄', 8.00),
    (3, 'Night market', 10.25);
